"""``smile-gate calibrate``, ``replay``, ``cameras`` and ``doctor``."""

from __future__ import annotations

import argparse
import json
import threading
from contextlib import closing

from msgspec import to_builtins

from edge.cameras.capture import open_captured
from edge.cameras.source import list_attached, open_camera
from edge.diagnose.calibrate import collect, plot, propose, write
from edge.diagnose.doctor import examine
from edge.diagnose.replay import read_truth, score
from edge.errors import CameraError, ConfigError, TruthError
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.model.open import open_classifier
from edge.outputs.group import Outputs
from edge.pipeline import Pipeline, open_stages
from edge.service.event_log import log_event
from edge.settings.load import file_or_installed, load_configuration, with_source


def calibrate(options: argparse.Namespace) -> int:
    """Propose thresholds for this place from a few seconds without and with a smile."""
    if options.write and not options.config:
        raise ConfigError("--write: expected --config FILE to write to, got none")
    settings = with_source(load_configuration(options.config).settings, options.source)
    classifier = open_classifier(settings)
    stop = threading.Event()
    with closing(open_captured(settings, stop=stop)) as camera:
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
    settings = with_source(load_configuration(options.config).settings, options.clip)
    stages = open_stages(settings)
    with closing(open_camera(settings)) as camera, closing(Outputs({}, log_event)) as none:
        if camera.live:
            shown = settings.camera.shown_source
            raise CameraError(f"{shown}: expected a recorded clip", shown)
        pipeline = Pipeline(stages, camera=camera, outputs=none, listen=lambda _: None)
        decisions = []
        while (frame := camera.read()) is not None:
            with frame:
                decisions.append(pipeline.step(frame))
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
    findings = list(examine(file_or_installed(options.config), options.socket))
    if options.json:
        print(json.dumps(to_builtins(findings)))
    for one in [] if options.json else findings:
        print(f"{one.verdict:8} {one.about:12} {one.words}")
        if one.mend:
            print(f"{'':8} {'':12} to mend it: {one.mend}")
    verdicts = {one.verdict for one in findings}
    return 2 if "bad" in verdicts else 1 if "warning" in verdicts else 0
