"""``python -m benchmarks run``: time one inference and one frame on this machine; ``pipeline``:
faces in scenes, against common ways, and what the command takes of a machine; ``gate``: how far
decisions and outputs can be trusted; ``endurance``: whether memory stays flat; ``accuracy``: how
often model bundles are right."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.accuracy import add_data, bundles, judge, open_report, with_accuracy
from benchmarks.comparison import compare
from benchmarks.footprint import SceneCamera, endure, run_command
from benchmarks.gate import frame_rates, photo, pin_latency, rules
from benchmarks.kills import kills
from benchmarks.report import write_report
from benchmarks.scenes import ALL, QUICK
from edge.arguments import OneLineParser
from edge.bundle import load_bundle
from edge.cameras import Camera
from edge.cameras.demo import DemoCamera
from edge.classifier import Classifier
from edge.errors import SmileGateError
from edge.faces import HaarDetector
from edge.frames import Frame
from edge.outputs import Outputs
from edge.pipeline import Pipeline
from edge.preprocess import scale
from edge.settings import SHIPPED_BUNDLE, Settings
from edge.tracker import FaceTracker
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
        faces=FaceTracker(detector, settings.faces),
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


def gate(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Measure the decision and the outputs; print each figure as it comes, and return all."""
    share = 0.01 if options.quick else 1.0
    classifier = Classifier(load_bundle(SHIPPED_BUNDLE))
    figures: dict[str, dict[str, Any]] = {}

    figures["rules"] = found = rules(round(10_000_000 * share))
    print(
        f"random steps: {found['steps']:,}, {found['firings']:,} firings, "
        f"{found['broken']} rules broken, {found['per_second']:,.0f} steps a second"
    )
    figures["frame_rates"] = found = frame_rates(max(100, round(5000 * share)))
    print(
        f"at 10, 30 and 60 frames per second: {found['firings']} firings each, "
        f"at most {found['frames_apart']:.2f} frames apart"
    )
    figures["pin_ms"] = pin_ms = {
        name: {"p50": statistics.median(times), "p99": statistics.quantiles(times, n=100)[98]}
        for name, times in pin_latency(max(20, round(1000 * share)), classifier).items()
    }
    for name, words in (("scores", "scores that complete the hold"), ("frame", "frame")):
        print(
            f"from the {words} to the pin: median {pin_ms[name]['p50']:.2f} ms, "
            f"99th percentile {pin_ms[name]['p99']:.2f} ms"
        )
    figures["photo"] = found = photo(600.0 * share, classifier)
    print(
        f"a smiling photo held up for {found['seconds']:.0f} s: {found['firings']} firings, "
        f"without neutral_first {found['without']}"
    )
    with tempfile.TemporaryDirectory() as folder:
        figures["kills"] = found = kills(max(8, round(1000 * share)), Path(folder))
    print(
        f"random kills: {found['kills']}, {found['met_active']} with an active pin, "
        f"{found['left_active']} left one active; SIGTERM to safe at most "
        f"{found['longest_ms']:.1f} ms"
    )
    return figures


def pipeline(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the path from frame to decision and the command; print each figure as it comes."""
    if options.quick:
        figures = compare(QUICK, frames=90, slow_frames=8)
    else:
        figures = compare(ALL, frames=300, slow_frames=60)
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in figures["peak_memory_mb"].items())
    print(f"peak memory of a process for each path, which makes the scenes too: {memory}")
    print(f"a further known face: {figures['further_face_ms']:.2f} ms")
    if keras_ms := figures["float_model_ms"]:
        ways = ", ".join(f"by {name} {ms:.1f} ms" for name, ms in keras_ms.items())
        print(f"naive judges a face with a float Keras model by the first of these: {ways}")
    else:
        print("naive judges a face with our int8 model once: no TensorFlow for a float one here")
    figures["run"] = found = run_command(5.0 if options.quick else 20.0)
    print(
        f"smile-gate run: first frame judged {found['ready_s']:.2f} s after the start; at 30 fps "
        f"with one face {100 * found['cpu_per_s']:.1f} % of a core; "
        f"at most {found['peak_memory_mb']:.0f} MB"
    )
    print(f"one walking face: {figures['times_naive']:.1f} times the naive path")
    return figures


def endurance(options: argparse.Namespace) -> dict[str, float]:
    """Run for minutes; print whether memory stays flat and old frames are dropped."""
    found = endure(60.0 * options.minutes)
    print(
        f"{options.minutes:g} minutes at {SceneCamera.fps:g} fps: {found['frames']:,} frames, "
        f"{found['firings']:,} firings; resident memory {found['early_mb']:.1f} MB after a tenth, "
        f"{found['late_mb']:.1f} MB at the end"
    )
    print(
        f"{found['dropped']:,} frames dropped; the oldest that was judged was "
        f"{found['oldest_frame_times']:.2f} frame times old"
    )
    return found


def accuracy(options: argparse.Namespace) -> None:
    """Print each bundle's accuracy on GENKI-4K's test part; put them into a report, if one is
    named."""
    opened = open_report(options.report) if options.report else None
    found = []
    for one in judge(bundles(options.bundle), options.data):
        print(
            f"{one.who:22} {one.percent:6.2f} %  {one.right} of {one.images} right, "
            f"{one.missed_faces} faces missed",
            flush=True,
        )
        found.append(one)
    if opened:
        report, folder = opened
        write_report(with_accuracy(report, found), folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 2 refused or failed."""
    parser = OneLineParser(prog="python -m benchmarks", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)
    verb = verbs.add_parser("run", help="measure this machine")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="for report.json")
    verb = verbs.add_parser("gate", help="how far decisions and outputs can be trusted")
    verb.add_argument("--quick", action="store_true", help="a hundredth of the work")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    verb = verbs.add_parser("pipeline", help="this path and two common ones on seeded scenes")
    verb.add_argument("--quick", action="store_true", help="five scenes, fewer frames")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    verb = verbs.add_parser("endurance", help="whether memory stays flat")
    verb.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    about = "how often the shipped and other bundles are right on GENKI-4K's test part"
    verb = verbs.add_parser("accuracy", help=about, description=about)
    verb.add_argument(
        "report", type=Path, nargs="?", metavar="REPORT", help="to add it to: report.json's folder"
    )
    add_data(verb, required=True)
    verb.add_argument(
        "--bundle",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a further bundle; repeatable",
    )
    options: argparse.Namespace = parser.parse_args(arguments)
    try:
        if options.verb == "accuracy":
            accuracy(options)
            return 0
        if options.verb != "run":
            measures: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
                "gate": gate,
                "pipeline": pipeline,
                "endurance": endurance,
            }
            figures = measures[options.verb](options)
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1) + "\n")
            return 0
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
