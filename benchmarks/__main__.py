"""``python -m benchmarks run --out DIR``: time one inference and one frame on this machine."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.arguments import OneLineParser
from edge.bundle import load_bundle
from edge.cameras import Camera
from edge.cameras.demo import DemoCamera
from edge.classifier import Classifier
from edge.errors import SmileGateError
from edge.faces import FaceTracker, HaarDetector
from edge.frames import Frame
from edge.outputs import Outputs
from edge.pipeline import Pipeline
from edge.preprocess import scale
from edge.settings import SHIPPED_BUNDLE, Settings
from edge.trigger import Trigger

WINDOWS = 20
CALLS = 500


def inference_ms(classifier: Classifier, frame: Frame) -> list[float]:
    """Return the mean time of one inference in each window, on one thread, in milliseconds.

    Timed is ``Classifier.infer``: pixels to int8, the interpreter's run, int8 to score.
    """
    pixels = scale(frame.grey, classifier.manifest.input.width)
    windows = []
    for _ in range(WINDOWS + 1):
        started = time.perf_counter()
        for _ in range(CALLS):
            classifier.infer(pixels)
        windows.append((time.perf_counter() - started) / CALLS * 1e3)
    return windows[1:]  # the first was the warm-up


def pipeline_ms(
    classifier: Classifier, camera: Camera, frames: Sequence[Frame]
) -> dict[str, list[float]]:
    """Return each stage's time for each frame of the built-in clip, in milliseconds."""
    settings = Settings()
    detector = HaarDetector(settings.faces)
    pipeline = Pipeline(
        camera=camera,  # its frames are stepped through by hand: decoding is not timed
        faces=FaceTracker(detector, settings.faces.lost_s),
        classifier=classifier,
        trigger=Trigger(settings.trigger),
        outputs=Outputs({}, lambda _: None),
        listen=lambda _: None,
    )
    for frame in frames:
        pipeline.step(frame)
    return {
        stage: [seconds * 1e3 for seconds in list(kept)[len(frames) // 4 :]]
        for stage, kept in pipeline.timings.stages.items()
        if kept
    }


def _cpu() -> str:
    """Return the board's name where the kernel knows it, else the processor's."""
    with suppress(OSError):
        return Path("/proc/device-tree/model").read_text().strip("\0 \n")
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return "unknown"


def run(out: Path) -> dict[str, Any]:
    """Measure, write ``report.json`` to a folder, and return its content."""
    classifier = Classifier(load_bundle(SHIPPED_BUNDLE))
    camera = DemoCamera()
    frames = list(iter(camera.read, None))
    raw = {
        "inference": inference_ms(classifier, frames[0]),
        **pipeline_ms(classifier, camera, frames),
    }
    report = {
        "machine": {
            "cpu": _cpu(),
            "architecture": platform.machine(),
            "python": platform.python_version(),
        },
        "median_ms": {name: round(statistics.median(times), 4) for name, times in raw.items()},
        "raw_ms": {name: [round(value, 4) for value in times] for name, times in raw.items()},
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 2 refused or failed."""
    parser = OneLineParser(prog="python -m benchmarks", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)
    verb = verbs.add_parser("run", help="measure this machine")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="for report.json")
    options: argparse.Namespace = parser.parse_args(arguments)
    try:
        report = run(options.out)
    except (SmileGateError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    names = {"inference": "one inference, one thread", "frame": "640x480 frame, one face"}
    for name, median in report["median_ms"].items():
        print(f"{names.get(name, '  of which ' + name):28} {median:8.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
