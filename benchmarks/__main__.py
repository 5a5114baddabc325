"""``python -m benchmarks run``: measure this machine and keep a report; ``pipeline``: faces in
scenes, against common ways, and what the command takes of a machine; ``gate``: how far decisions
and outputs can be trusted; ``endurance``: whether memory stays flat; ``service``: whether it comes
back after starts, reloads, lost cameras and kills; ``accuracy``: how often model bundles are right;
``compare``, ``report``, ``table``: what is made of reports; ``check``: whether the path got
slower."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.measure import check
from benchmarks.measure.accuracy import add_data, bundles, judge, open_report, with_accuracy
from benchmarks.measure.comparison import compare
from benchmarks.measure.footprint import run_command
from benchmarks.measure.pin_latency import pin_latency
from benchmarks.measure.power import with_recording
from benchmarks.measure.run import BRIEF, REPORTS, Plan, in_short, measure
from benchmarks.meters.open import EXTERNAL, KINDS, open_meter
from benchmarks.reliability.endurance import endure
from benchmarks.reliability.held_photo import photo
from benchmarks.reliability.kills import kills
from benchmarks.reliability.service_trial import Trial, all_series
from benchmarks.reliability.trigger_rules import frame_rates, rules
from benchmarks.report import devices_table
from benchmarks.report.chart_style import ENDINGS
from benchmarks.report.compare import compare as compare_reports
from benchmarks.report.compare import draw, lines
from benchmarks.report.report_json import REPORT, ReportError, read_report, write_report
from benchmarks.report.report_md import present
from benchmarks.simulate.cameras import SceneCamera
from benchmarks.simulate.scenes import ALL, QUICK
from edge.cli.console import OneLineParser, silence_libraries
from edge.errors import MissingPackageError, SmileGateError
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE


def _run(options: argparse.Namespace) -> int:
    """Measure this machine, keep a report, and print it in short."""
    plan = replace(
        BRIEF if options.quick else Plan(),
        with_peers=options.peers,
        data=options.data,
        external=options.meter == EXTERNAL,
    )
    if options.minutes is not None:
        plan = replace(plan, sustained_s=60.0 * options.minutes)
    meter = open_meter(options.meter)
    try:
        report, folder = measure(
            options.out,
            plan,
            meter=meter,
            emulated=options.emulated,
            say=lambda words: print(f"benchmarks: {words}", file=sys.stderr, flush=True),
        )
    finally:
        if meter:
            meter.close()
    present(report, folder)
    print("\n".join(in_short(report)))
    print(f"{folder / REPORT}: all of it")
    if report.unmetered:
        print(f"power is missing: python -m benchmarks report {folder} --power-csv FILE")
    if report.partial:
        print(f"benchmarks: {report.partial}; what was measured is kept", file=sys.stderr)
        return 130
    return 0


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


def service(options: argparse.Namespace) -> dict[str, Any]:
    """Start, reload and kill the service, and take its camera away; print each figure as it comes,
    and what it writes while it is left alone."""
    with tempfile.TemporaryDirectory() as folder, closing(Trial(Path(folder))) as trial:
        return all_series(trial, quick=options.quick, minutes=options.minutes)


def _accuracy(options: argparse.Namespace) -> int:
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
        report = with_accuracy(report, found)
        write_report(report, folder)
        present(report, folder)
    return 0


def _compare(options: argparse.Namespace) -> int:
    """Print reports side by side, and draw them where matplotlib is there."""
    reports = compare_reports(options.reports, bundles=options.bundles)
    print("\n".join(lines(reports)))
    try:
        draw(reports, options.chart)
    except MissingPackageError as error:
        print(f"benchmarks: no chart: {error}", file=sys.stderr)
    else:
        print(f"drawn: {options.chart}")
    return 0


def _report(options: argparse.Namespace) -> int:
    """Make the words and pictures of reports anew, of one with an external meter's recording."""
    found = [(read_report(folder), folder) for folder in options.folders]
    if options.power_csv:
        if len(found) != 1:
            raise ReportError(f"--power-csv: expected one report, got {len(found)}")
        [(report, folder)] = found
        report = with_recording(report, options.power_csv)
        write_report(report, folder)
        found = [(report, folder)]
    for report, folder in found:
        present(report, folder)
        print(f"written: {folder}")
    return 0


def _table(options: argparse.Namespace) -> int:
    """Make the table of devices anew, or tell whether it is as it should be."""
    if devices_table.update(check=options.check):
        print("the table is as the reports are")
    elif options.check:
        print("benchmarks: the table is not as the reports are: run table", file=sys.stderr)
        return 1
    else:
        print("the table is made anew")
    return 0


def _check(options: argparse.Namespace) -> int:
    """Hold ratios against a baseline, or write one."""
    if options.write:
        ratios = check.measure_ratios()
        baseline = check.write_baseline(options.baseline, ratios)
    else:
        baseline = check.read_baseline(options.baseline)
        ratios = check.measure_ratios()
    verdicts = check.judge(baseline, ratios)
    print("\n".join(map(str, verdicts)))
    return int(any(one.worse for one in verdicts))


def _picture(text: str) -> Path:
    if not text.endswith(ENDINGS):
        raise argparse.ArgumentTypeError(f"expected a name that ends in {ENDINGS}, got {text!r}")
    return Path(text)


def _add_verbs_on_reports(verbs: Any) -> None:
    verb = verbs.add_parser("compare", help="reports side by side")
    verb.add_argument(
        "reports", nargs="+", type=Path, metavar="REPORT", help="report.json or its folder"
    )
    verb.add_argument(
        "--chart",
        type=_picture,
        default=Path("compare.svg"),
        metavar="FILE",
        help="to draw, .svg or .png (default compare.svg)",
    )
    verb.add_argument(
        "--bundles", action="store_true", help="other bundles on one device, not other devices"
    )
    verb.set_defaults(act=_compare)
    verb = verbs.add_parser("report", help="report.md and pictures anew from report.json")
    verb.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="with report.json")
    verb.add_argument(
        "--power-csv",
        type=Path,
        metavar="FILE",
        help=f"with what an external meter recorded while run --meter {EXTERNAL} went on",
    )
    verb.set_defaults(act=_report)
    verb = verbs.add_parser("table", help="the table of devices in benchmarks/README.md")
    verb.add_argument("--check", action="store_true", help="change nothing; 1 if it is out of date")
    verb.set_defaults(act=_table)
    verb = verbs.add_parser("check", help="whether the path got slower; 1 if it did")
    verb.add_argument("baseline", type=Path, metavar="BASELINE.json", help="ratios to hold")
    verb.add_argument("--write", action="store_true", help="make it of what is measured now")
    verb.set_defaults(act=_check)


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0.0 < minutes <= 1440.0:
        raise argparse.ArgumentTypeError(f"expected minutes above 0 to 1440, got {text!r}")
    return minutes


def _make_parser() -> OneLineParser:
    parser = OneLineParser(prog="python -m benchmarks", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)
    verb = verbs.add_parser("run", help="measure this machine")
    verb.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"for report.json (default {REPORTS}/DEVICE/DATE)",
    )
    verb.add_argument("--quick", action="store_true", help="seconds for each part, no float model")
    verb.add_argument(
        "--minutes", type=_minutes, help="flat out, to see what heat does (default 10)"
    )
    verb.add_argument("--peers", action="store_true", help="other ways to tell smiles too")
    add_data(verb, required=False)
    verb.add_argument("--meter", default="auto", metavar="SPEC", help=f"{KINDS} (default auto)")
    verb.add_argument(
        "--emulated", action="store_true", help="the processor is, even if nothing here shows it"
    )
    verb.set_defaults(act=_run)
    verb = verbs.add_parser("gate", help="how far decisions and outputs can be trusted")
    verb.add_argument("--quick", action="store_true", help="a hundredth of the work")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    verb = verbs.add_parser("pipeline", help="this path and two common ones on seeded scenes")
    verb.add_argument("--quick", action="store_true", help="five scenes, fewer frames")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    verb = verbs.add_parser("endurance", help="whether memory stays flat")
    verb.add_argument("--minutes", type=_minutes, default=10.0, help="how long (default 10)")
    verb.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    verb = verbs.add_parser("service", help="whether it comes back, whatever happens to it")
    verb.add_argument("--quick", action="store_true", help="a few of each, half a minute")
    verb.add_argument(
        "--minutes", type=_minutes, default=10.0, help="how long it is left alone (default 10)"
    )
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
    verb.set_defaults(act=_accuracy)
    _add_verbs_on_reports(verbs)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 got worse or did not come back, 2 refused or
    failed, 130 after Ctrl-C."""
    options = _make_parser().parse_args(arguments)
    silence_libraries()
    try:
        if "act" in options:
            return int(options.act(options))
        measures: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
            "gate": gate,
            "pipeline": pipeline,
            "endurance": endurance,
            "service": service,
        }
        figures = measures[options.verb](options)
        if options.json:
            options.json.write_text(json.dumps(figures, indent=1) + "\n")
        return int(bool(figures.get("did_not")))
    except (SmileGateError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
