"""``smile-gate calibrate``, ``replay``, ``cameras``, ``status`` and ``doctor``."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

from msgspec import to_builtins

from edge.cameras.camera import Counted
from edge.cameras.capture import open_captured
from edge.cameras.source import KINDS, list_attached, open_camera
from edge.cli import recording
from edge.cli.console import Verbs, add_socket_option, number
from edge.cli.progress import progress
from edge.diagnose.calibrate import collect, plot, propose, write
from edge.diagnose.doctor import examine
from edge.diagnose.plot import draw
from edge.diagnose.replay import read_truth, score
from edge.diagnose.trace import Trace
from edge.errors import CameraError, ConfigError, TruthError
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.model.open import open_classifier
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, Watch, open_stages
from edge.service.event_log import log_event
from edge.service.status_socket import ask
from edge.settings.load import load_configuration, with_source

_SECONDS = number(0.0, 3600.0, "seconds from ")


def add_verbs(verbs: Verbs) -> None:
    """Add the verbs and their arguments."""
    parser = verbs.add("calibrate", calibrate)
    parser.add_argument("--source", metavar="SPEC", help=f"instead of camera.source: {KINDS}")
    parser.add_argument(
        "--seconds", type=_SECONDS, default=5.0, help="length of either part (default 5)"
    )
    parser.add_argument(
        "--pause", type=_SECONDS, default=2.0, help="seconds between the parts (default 2)"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the thresholds into the configuration file"
    )
    parser = verbs.add("replay", replay)
    parser.add_argument("clip", metavar="CLIP", help="a recorded source, as for run")
    parser.add_argument(
        "--truth",
        type=Path,
        required=True,
        metavar="FILE",
        help='JSON: {"smiles": [[start, end], ...]} in seconds',
    )
    parser.add_argument(
        "--within",
        type=_SECONDS,
        default=1.0,
        help="seconds after a smile's start in which a firing is its hit (default 1)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    recording.add_options(parser)
    verbs.add("cameras", cameras)
    for parser in (verbs.add("status", status), verbs.add("doctor", doctor)):
        parser.add_argument("--json", action="store_true", help="as JSON")
        add_socket_option(parser)


def calibrate(options: argparse.Namespace) -> int:
    """Propose thresholds for this place from a few seconds without and with a smile."""
    if options.write and not options.config:
        raise ConfigError("expected --config FILE to write to, got none", origin="--write")
    settings = with_source(load_configuration(options.config).settings, options.source)
    classifier = open_classifier(settings)
    stop = threading.Event()
    length_s = 2 * options.seconds + options.pause
    with closing(open_captured(settings, stop=stop)) as camera, progress(length_s, " s") as bar:

        def say(words: str) -> None:
            bar.write(words)
            sys.stdout.flush()

        neutral, smile = collect(
            camera,
            FaceTracker(open_detector(settings.faces), settings.faces),
            classifier,
            seconds=options.seconds,
            pause_s=options.pause,
            say=say,
            passed=lambda seconds: bar.update(seconds - bar.n),
        )
    print("\n".join(plot(neutral, smile)))
    threshold_on, threshold_off = propose(neutral, smile)
    print(f"[trigger]\nthreshold_on = {threshold_on}\nthreshold_off = {threshold_off}")
    if options.write:
        write(options.config, threshold_on, threshold_off)
        print(f"written to {options.config}")
    return 0


def replay(options: argparse.Namespace) -> int:
    """Score a recorded clip by its firings, against labels of where the smiles are."""
    smiles = read_truth(options.truth)
    settings = with_source(load_configuration(options.config).settings, options.clip)
    recording.check(options, settings)
    stages = open_stages(settings)
    trace = Trace()
    with ExitStack() as stack:
        camera = stack.enter_context(closing(open_camera(settings)))
        none = stack.enter_context(closing(Outputs({}, log_event)))
        if camera.live:
            shown = settings.camera.shown_source
            raise CameraError(f"{shown}: expected a recorded clip", shown)
        pipeline = Pipeline(stages, camera=camera, outputs=none, listen=lambda _: None)
        video = recording.open_video(options, settings, camera.fps, stack)
        watchers: list[Watch] = [trace, *video]
        frames = camera.frame_count if isinstance(camera, Counted) else 0
        bar = stack.enter_context(progress(frames, " frames"))
        while (frame := camera.read()) is not None:
            with frame:
                decision = pipeline.step(frame)
                for watcher in watchers:
                    watcher(frame, pipeline.scores, decision)
            bar.update()
        length_s = trace[-1].decision.time + 1 / camera.fps if trace else 0.0
    late = [f"[{start:g}, {end:g}]" for start, end in smiles if start >= length_s]
    if late:
        raise TruthError(
            f"{options.truth}: expected smiles within the clip's {length_s:.1f} s, got {late[0]}"
        )
    result = score(trace, smiles, length_s, options.within)
    if options.plot:
        recording.write_plot(options.plot, draw(trace, settings.trigger, smiles, result))
    print(json.dumps(to_builtins(result)) if options.json else "\n".join(result.lines()))
    return 0


def cameras(_: argparse.Namespace) -> int:
    """List the cameras that are attached, each by its SPEC, and what they can do."""
    camera = None
    for camera in list_attached():
        print("\n  ".join([f"{camera.source}  {camera.name}", *camera.modes]))
    if camera is None:
        print("no camera is attached")
    return 0


def status(options: argparse.Namespace) -> int:
    """Ask the running service how it is."""
    report = ask(options.socket)
    if options.json:
        print(json.dumps(report))
        return 0
    for key, value in report.items():
        print(f"{key.replace('_', ' ')}: {value if value not in (None, '', []) else '-'}")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Look this machine over; exit code 1 for warnings, 2 for what keeps the gate from working."""
    findings = list(examine(options.config, options.socket))
    if options.json:
        print(json.dumps(to_builtins(findings)))
    for finding in [] if options.json else findings:
        print(f"{finding.verdict:8} {finding.subject:12} {finding.text}")
        if finding.remedy:
            print(f"{'':8} {'':12} to mend it: {finding.remedy}")
    verdicts = {finding.verdict for finding in findings}
    return 2 if "bad" in verdicts else 1 if "warning" in verdicts else 0
