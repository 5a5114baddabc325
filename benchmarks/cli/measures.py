"""Verbs that measure the path: ``pipeline``, ``accuracy`` and ``check``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.arguments import add_data, add_json, write_json
from benchmarks.measure.accuracy import bundles, measure_accuracy, open_report, with_accuracy
from benchmarks.measure.check import compare_ratios, measure_ratios, read_baseline, write_baseline
from benchmarks.measure.footprint import measure_command
from benchmarks.measure.path_comparison import compare_paths
from benchmarks.report.report_json import write_report
from benchmarks.report.report_md import present
from benchmarks.simulate.scenes import ALL, QUICK


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs to argparse's subparsers."""
    verb = verbs.add_parser("pipeline", help="this path and two common ones on seeded scenes")
    verb.add_argument("--quick", action="store_true", help="five scenes, fewer frames")
    add_json(verb)
    meaning = "how often the shipped and other bundles are right on GENKI-4K's test part"
    verb = verbs.add_parser("accuracy", help=meaning, description=meaning)
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
    verb = verbs.add_parser("check", help="whether the path got slower; 1 if it did")
    verb.add_argument("baseline", type=Path, metavar="BASELINE.json", help="ratios to hold")
    verb.add_argument("--write", action="store_true", help="make it of what is measured now")


def pipeline(
    options: argparse.Namespace,
    *,
    compare_paths: Callable[..., dict[str, Any]] = compare_paths,
    measure_command: Callable[[float], dict[str, float]] = measure_command,
) -> int:
    """Measure the path from frame to decision and the command; print figures as they come."""
    if options.quick:
        figures = compare_paths(QUICK, frames=90, slow_frames=8)
    else:
        figures = compare_paths(ALL, frames=300, slow_frames=60)
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in figures["peak_memory_mb"].items())
    print(f"peak memory of a process for each path, which makes the scenes too: {memory}")
    print(f"a further known face: {figures['further_face_ms']:.2f} ms")
    if keras_ms := figures["float_model_ms"]:
        methods = ", ".join(f"by {name} {ms:.1f} ms" for name, ms in keras_ms.items())
        print(f"naive judges a face with a float Keras model by the first of these: {methods}")
    else:
        print("naive judges a face with our int8 model once: no TensorFlow for a float one here")
    figures["run"] = command = measure_command(5.0 if options.quick else 20.0)
    print(
        f"smile-gate run: first frame judged {command['ready_s']:.2f} s after the start; at 30 fps "
        f"with one face {100 * command['cpu_per_s']:.1f} % of a core; "
        f"at most {command['peak_memory_mb']:.0f} MB"
    )
    print(f"one walking face: {figures['times_naive']:.1f} times the naive path")
    write_json(options.json, figures)
    return 0


def accuracy(options: argparse.Namespace) -> int:
    """Print each bundle's accuracy on GENKI-4K's test part; add the accuracies to the report, if
    a report is named."""
    opened = open_report(options.report) if options.report else None
    measured = []
    for result in measure_accuracy(bundles(options.bundle), options.data):
        print(
            f"{result.who:22} {result.percent:6.2f} %  {result.right} of {result.images} right, "
            f"{result.missed_faces} faces missed",
            flush=True,
        )
        measured.append(result)
    if opened:
        report, folder = opened
        report = with_accuracy(report, measured)
        write_report(report, folder)
        present(report, folder)
    return 0


def check(
    options: argparse.Namespace, *, measure_ratios: Callable[[], dict[str, float]] = measure_ratios
) -> int:
    """Compare ratios with a baseline, or write a baseline; return 1 if a ratio got worse."""
    if options.write:
        ratios = measure_ratios()
        baseline = write_baseline(options.baseline, ratios)
    else:
        baseline = read_baseline(options.baseline)
        ratios = measure_ratios()
    verdicts = compare_ratios(baseline, ratios)
    print("\n".join(map(str, verdicts)))
    return int(any(verdict.worse for verdict in verdicts))
