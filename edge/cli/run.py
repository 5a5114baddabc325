"""``smile-gate run``: the gate itself."""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial

from edge.cameras.camera import Counted
from edge.cameras.capture import Capture
from edge.cameras.source import KINDS
from edge.cli import recording
from edge.cli.console import Verbs, path
from edge.cli.progress import progress
from edge.outputs.group import Outputs
from edge.pipeline import Timings
from edge.service import journal
from edge.service.event_log import EventWriter, log_event
from edge.service.outputs_file import only_gate_in, write_outputs
from edge.service.sd_notify import Notifier, runtime_folder
from edge.service.service import Service
from edge.service.signals import Stopper
from edge.service.status_socket import SOCKET, StatusServer
from edge.settings import Settings
from edge.settings.load import load_configuration, with_source
from edge.values import Event

log = logging.getLogger(__name__)


def add_verbs(verbs: Verbs) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add("run", run)
    recording.add_options(parser)
    parser.add_argument(
        "--source", metavar="SPEC", help=f"instead of the configuration's camera.source: {KINDS}"
    )
    parser.add_argument(
        "--events", metavar="PATH", help="append events as JSON lines to a file; - is stdout"
    )
    parser.add_argument(
        "--realtime", action="store_true", help="play a recorded source at its own pace"
    )
    parser.add_argument(
        "--socket",
        type=path,
        metavar="PATH",
        help="answer `status --socket PATH` there (default: only as a service)",
    )


def run(options: argparse.Namespace) -> int:
    """Watch a source and fire the outputs on smiles."""
    folder = runtime_folder()
    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper())
        if folder:
            stack.enter_context(only_gate_in(folder))
        listeners: list[Callable[[Event], None]] = [
            partial(log_event, timed=not journal.is_journal())
        ]
        if options.events is not None:
            events = os.path.expanduser(options.events)  # noqa: PTH111  (- is no path)
            listeners.append(stack.enter_context(closing(EventWriter(events))))

        def load() -> Settings:
            return with_source(load_configuration(options.config).settings, options.source)

        if options.plot or options.video:
            recording.check(options, load())
        pictures = stack.enter_context(ExitStack())  # finished when the outputs are safe

        def listen(event: Event) -> None:
            for listener in listeners:
                listener(event)

        record = [partial(write_outputs, folder)] if folder else []
        notifier = Notifier()
        service = stack.enter_context(closing(Service(load, listen, stopper, notifier, *record)))
        if not service.settings.outputs:
            log.info("no output is configured: nothing will be fired")
        socket = options.socket or (folder / SOCKET.name if folder else None)
        if socket:
            requests = {"arm": service.arm, "disarm": service.disarm}
            server = StatusServer(socket, service.report, requests)
            stack.enter_context(closing(server))
        _watch_clip(options, service, stack, pictures)
        started = time.monotonic()
        service.run(realtime=options.realtime)
        _log_summary(service.pipeline.timings, time.monotonic() - started)
        if isinstance(service.camera, Capture):
            camera = service.camera
            log.info("%d frames dropped, %d were garbage", camera.dropped, camera.garbage)
        failed = not notifier.managed and _all_actions_failed(service.outputs)
    return 1 if failed else 0


def _watch_clip(
    options: argparse.Namespace, service: Service, stack: ExitStack, pictures: ExitStack
) -> None:
    """Plot and record a clip where the options say so, and show how far it is."""
    source, watchers = service.camera, service.watchers
    watchers += recording.open_watchers(options, service.settings, source.fps, pictures)
    if isinstance(source, Counted):
        bar = progress(source.frame_count, " frames", printing=options.events == "-")
        update = stack.enter_context(bar).update
        watchers.append(lambda *_: update())


def _all_actions_failed(outputs: Outputs) -> bool:
    """Tell whether outputs acted and none succeeded, which is also printed."""
    failed = outputs.failed_without_a_success
    if failed:
        got = f"{failed} of {failed} failed: {'; '.join(outputs.faults)}"
        journal.print_error(f"smile-gate: expected an action to succeed, got: {got}")
    return failed > 0


def _log_summary(timings: Timings, seconds: float) -> None:
    fps = timings.frames / seconds if seconds > 0 else 0.0
    log.info("%d frames in %.1f s: %.0f frames per second", timings.frames, seconds, fps)
    medians = timings.medians_ms()
    if timings.frames:
        log.info(
            "median of a frame %.2f ms (%s), without the camera's %.2f ms",
            medians.pop("frame"),
            ", ".join(f"{name} {ms:.2f}" for name, ms in medians.items() if name != "camera"),
            medians["camera"],
        )
