"""The ``smile-gate`` command, one function per verb."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from edge import config, driven, journal
from edge.arguments import make_parser
from edge.calibrate import collect, plot, propose, write
from edge.cameras import list_attached, open_camera
from edge.cameras.capture import Capture, open_captured
from edge.cameras.file import list_images
from edge.detectors import open_detector
from edge.doctor import examine
from edge.errors import (
    CameraError,
    ConfigError,
    ImageError,
    OutputError,
    SmileGateError,
    TruthError,
    may_pass,
)
from edge.explain import explain, show
from edge.frames import Box, Decision, Event
from edge.notify import Notifier
from edge.outputs import Outputs
from edge.pipeline import Timings
from edge.preprocess import read_grey
from edge.quiet import drop_stdout
from edge.replay import read_truth, score
from edge.service import Service, make_stages, open_classifier
from edge.settings import Settings, SnapshotSettings
from edge.status import SOCKET, StatusServer, ask
from edge.stopping import Stopper
from edge.telemetry.events import EventWriter, log_event
from edge.tracker import FaceTracker

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 partly done, 2 refused or failed.

    A service manager is told the two kinds of failure apart: 1 is one that another start may be
    spared, 2 one that stays until somebody mends it.
    """
    options = make_parser(VERBS).parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # file names may hold bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    journal.set_up(logging.DEBUG if options.verbose else logging.INFO)
    try:
        code = VERBS[options.verb](options)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        drop_stdout()
        return 1
    except (SmileGateError, OSError) as error:
        journal.complain(f"smile-gate: {error}")
        if not isinstance(error, SmileGateError):  # what is left to write may fail as this did
            drop_stdout()
        served = options.verb == "run" and Notifier().listened
        return 1 if served and may_pass(error) else 2
    except KeyboardInterrupt:
        return 130
    return code


def run(options: argparse.Namespace) -> int:
    """Watch a source and fire the outputs on smiles."""
    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper())
        listeners: list[Callable[[Event], None]] = [partial(log_event, timed=not journal.is_read())]
        if options.events is not None:
            listeners.append(stack.enter_context(closing(EventWriter(options.events))))

        def load() -> Settings:
            return _with_source(config.load(options.config).settings, options.source)

        def listen(event: Event) -> None:
            for listener in listeners:
                listener(event)

        folder = _runtime_folder()
        notes = [partial(driven.note, folder)] if folder else []
        service = stack.enter_context(closing(Service(load, listen, stopper, Notifier(), *notes)))
        if folder:
            server = StatusServer(folder / SOCKET.name, service.report)
            stack.enter_context(closing(server))
        started = time.monotonic()
        service.run(realtime=options.realtime)
        _log_summary(service.pipeline.timings, time.monotonic() - started)
        if isinstance(service.camera, Capture):
            camera = service.camera
            log.info("%d frames dropped, %d were garbage", camera.dropped, camera.garbage)
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


def fire(options: argparse.Namespace) -> int:
    """Fire one output by hand, as a smile would."""
    settings = config.load(options.config).settings
    output = settings.outputs.get(options.name)
    if output is None:
        names = ", ".join(settings.outputs) or "none at all"
        raise ConfigError(f"fire {options.name}: expected the name of an output: {names}")
    faults: list[str] = []

    def listen(event: Event) -> None:
        if event.name == "fault":
            faults.append(str(event.facts["reason"]))
        else:
            log_event(event)

    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper())
        frame = None
        if isinstance(output, SnapshotSettings):
            camera = open_captured(settings, stop=stopper.stop, tell=_give_up)
            frame = stack.enter_context(closing(camera)).read()
        outputs = stack.enter_context(closing(Outputs({options.name: output}, listen)))
        stopper.first_act = outputs.stop
        for event in outputs.step(Decision(0.0, fire=True), frame):
            log_event(event)
        while not outputs.idle and not stopper.stop.wait(0.01):
            pass
    if faults:
        raise OutputError(faults[0], options.name)
    return 0


def safe(options: argparse.Namespace) -> int:
    """Put every output to its safe level, for example after smile-gate was killed."""
    folder = _runtime_folder()
    outputs = driven.noted(folder) if folder else None
    if outputs is None:
        path = config.file_or_installed(options.config)
        if path is None:  # the defaults' shutter may be anything here, a relay that is active low
            raise ConfigError(
                f"safe: expected --config FILE or {config.INSTALLED}, got neither: no "
                "configuration names a pin"
            )
        outputs = config.load(path).settings.outputs
    with_pins = {name: output for name, output in outputs.items() if output.pins()}
    failed = False
    for name, output in with_pins.items():
        try:
            Outputs({name: output}, log_event).close()
            print(f"{name}: safe")
        except OutputError as error:
            failed = True
            journal.complain(f"smile-gate: {error}")
    if not with_pins:
        print("no output has a pin")
    return 2 if failed else 0


def calibrate(options: argparse.Namespace) -> int:
    """Propose thresholds for this place from a few seconds without and with a smile."""
    if options.write and not options.config:
        raise ConfigError("--write: expected --config FILE to write to, got none")
    settings = _with_source(config.load(options.config).settings, options.source)
    classifier = open_classifier(settings)
    stop = threading.Event()
    with closing(open_captured(settings, stop=stop, tell=_give_up)) as camera:
        neutral, smile = collect(
            camera,
            FaceTracker(open_detector(settings.faces), settings.faces),
            classifier,
            seconds=options.seconds,
            pause_s=options.pause,
            say=lambda words: print(words, flush=True),
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
    settings = _with_source(config.load(options.config).settings, options.clip)
    stages = make_stages(settings)
    with closing(open_camera(settings)) as camera, closing(Outputs({}, log_event)) as none:
        if camera.live:
            shown = settings.camera.shown_source
            raise CameraError(f"{shown}: expected a recorded clip", shown)
        pipeline = stages(camera=camera, outputs=none, listen=lambda _: None)
        decisions = [pipeline.step(frame) for frame in iter(camera.read, None)]
        length_s = len(decisions) / camera.fps
    late = [f"[{start:g}, {end:g}]" for start, end in smiles if start >= length_s]
    if late:
        raise TruthError(
            f"{options.truth}: expected smiles within the clip's {length_s:.1f} s, got {late[0]}"
        )
    firings = [decision.time for decision in decisions if decision.fire]
    result = score(firings, smiles, length_s, options.within)
    print(json.dumps(to_builtins(result)) if options.json else "\n".join(result.lines()))
    return 0


def cameras(_: argparse.Namespace) -> int:
    """List the cameras that are attached, each by its SPEC, and what they can do."""
    found = False
    for one in list_attached():
        found = True
        print("\n  ".join([f"{one.source}  {one.name}", *one.modes]))
    if not found:
        print("no camera is attached")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Look this machine over; exit code 1 for warnings, 2 for what keeps the gate from working."""
    findings = list(examine(config.file_or_installed(options.config), options.socket))
    if options.json:
        print(json.dumps(to_builtins(findings)))
    for one in [] if options.json else findings:
        print(f"{one.verdict:8} {one.about:12} {one.words}")
        if one.mend:
            print(f"{'':8} {'':12} to mend it: {one.mend}")
    verdicts = {one.verdict for one in findings}
    return 2 if "bad" in verdicts else 1 if "warning" in verdicts else 0


def show_config(options: argparse.Namespace) -> int:
    """Print every setting in force and where it comes from."""
    print("\n".join(show(config.load(options.config))))
    return 0


def check_config(options: argparse.Namespace) -> int:
    """Check a configuration without opening anything."""
    configuration = config.load(options.config)
    names = ", ".join(configuration.settings.outputs) or "none"
    print(f"{options.config or 'without a file'}: good; outputs: {names}")
    return 0


def explain_config(options: argparse.Namespace) -> int:
    """Print what a setting, or all of a section, means, may be and is."""
    print("\n".join(explain(options.key, config.load(options.config))))
    return 0


def classify(options: argparse.Namespace) -> int:
    """Score the faces in images; a folder stands for the images in it."""
    settings = config.load(options.config).settings
    classifier = open_classifier(settings)
    detector = open_detector(settings.faces)
    images = list(_images(options.paths))
    failed = 0
    for name, missing in images:
        try:
            if missing is not None:
                raise missing
            grey = read_grey(Path(name))
        except ImageError as error:
            failed += 1
            if options.json:
                print(json.dumps({"file": name, "error": str(error)}))
            else:
                print(f"smile-gate: {error}", file=sys.stderr)
            continue
        if options.whole_image:
            whole = Box(0, 0, grey.shape[1], grey.shape[0])
            scored = [(whole, classifier.score_whole(grey))]
        else:
            boxes = [detection.box for detection in detector.find_in_still(grey)]
            scored = [(box, classifier.score_box(grey, box)) for box in boxes]
        threshold = classifier.manifest.threshold
        faces = [
            {"box": list(box), "score": round(score, 4), "smiling": score >= threshold}
            for box, score in scored
        ]
        if options.json:
            print(json.dumps({"file": name, "faces": faces}))
        else:
            print(f"{name}: {_in_words(faces)}")
    if all(missing for _, missing in images):  # nothing that could be an image was named
        return 2
    return 1 if failed else 0


def _images(names: Sequence[str]) -> Iterator[tuple[str, ImageError | None]]:
    """Yield each image's name as it was given, folders unfolded; an empty folder comes with its
    error."""
    for name in names:
        path = Path(name)
        try:
            inside = [str(image) for image in list_images(path)] if path.is_dir() else [name]
        except OSError as error:
            yield name, ImageError(f"{name}: expected an image or a folder, got: {error}", path)
            continue
        if not inside:
            yield name, ImageError(f"{name}: expected images in this folder, got none", path)
        yield from ((image, None) for image in inside)


def _in_words(faces: Sequence[Mapping[str, Any]]) -> str:
    if not faces:
        return "no face"
    return ", ".join(
        "{} {:.2f} at {},{} {}x{}".format(
            "smiling" if face["smiling"] else "not smiling", face["score"], *face["box"]
        )
        for face in faces
    )


def _runtime_folder() -> Path | None:
    """Return the folder that systemd gives the service until it ends."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(folder) if folder else None


def _give_up(lost: str) -> None:
    if lost:
        raise CameraError(lost, "")


def _with_source(settings: Settings, source: str | None) -> Settings:
    if source is None:
        return settings
    return replace(settings, camera=replace(settings.camera, source=source))


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


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "classify": classify,
    "fire": fire,
    "safe": safe,
    "calibrate": calibrate,
    "replay": replay,
    "cameras": cameras,
    "status": status,
    "doctor": doctor,
    "config show": show_config,
    "config check": check_config,
    "config explain": explain_config,
}


if __name__ == "__main__":
    sys.exit(main())
