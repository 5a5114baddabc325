"""Verbs that count broken promises: ``gate``, ``endurance``, ``service`` and ``faults``."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arguments import add_json, minutes, write_json
from benchmarks.measure.frame_to_pin import pin_latency
from benchmarks.reliability.endurance import endure
from benchmarks.reliability.faults.tries import (
    FAILURES,
    MEMORY_MB,
    Failure,
    Figures,
    try_cases,
)
from benchmarks.reliability.held_photo import show_photo
from benchmarks.reliability.kills import kill_runs
from benchmarks.reliability.service_trial import Trial, durations, series
from benchmarks.reliability.trigger_rules import frame_rates, rules
from benchmarks.simulate.cameras import SceneCamera
from edge.cameras.capture import Capture


@dataclass(frozen=True, slots=True)
class GateTries:
    """How much ``gate`` tries."""

    trigger_steps: int = 10_000_000
    smiles_at_each_frame_rate: int = 5000
    pin_firings: int = 1000
    photo_s: float = 600.0
    kills: int = 1000


FEW_TRIES = GateTries(100_000, 100, 20, 6.0, 10)

FAILURE_WORDS: Mapping[Failure, str] = {
    "traceback": "tracebacks",
    "hang": "hangs",
    "crash": "crashes",
    "memory": f"over {MEMORY_MB:.0f} MB",
    "words": "without a clear line",
}


def add_verbs(verbs: Any) -> None:
    """Add this module's verbs to argparse's subparsers."""
    verb = verbs.add_parser("gate", help="how far decisions and outputs can be trusted")
    verb.add_argument("--quick", action="store_true", help="a hundredth of the work")
    add_json(verb)
    verb = verbs.add_parser("endurance", help="whether memory stays flat")
    verb.add_argument("--minutes", type=minutes, default=10.0, help="how long (default 10)")
    add_json(verb)
    verb = verbs.add_parser("service", help="whether it comes back, whatever happens to it")
    verb.add_argument("--quick", action="store_true", help="a few of each, half a minute")
    verb.add_argument(
        "--minutes", type=minutes, default=10.0, help="how long it is left alone (default 10)"
    )
    add_json(verb)
    meaning = "whether any file, setting, bundle or stream makes the command fail badly; 1 if so"
    verb = verbs.add_parser("faults", help=meaning, description=meaning)
    verb.add_argument("--tries", type=int, default=2000, metavar="N", help="default 2000")
    verb.add_argument("--seed", type=int, default=1, metavar="N", help="other tries (default 1)")
    verb.add_argument("--first", type=int, default=0, metavar="N", help="begin with this try")
    verb.add_argument("--keep", type=Path, metavar="DIR", help="keep the files of what failed")
    add_json(verb)


def gate(options: argparse.Namespace, *, few: GateTries = FEW_TRIES) -> int:
    """Measure the decision and the outputs, with ``few`` tries if ``--quick`` is given; print
    figures as they come."""
    tries = few if options.quick else GateTries()
    checked = rules(tries.trigger_steps)
    print(
        f"random steps: {checked['steps']:,}, {checked['firings']:,} firings, "
        f"{checked['broken']} rules broken, {checked['per_second']:,.0f} steps a second"
    )
    rates = frame_rates(tries.smiles_at_each_frame_rate)
    print(
        f"at 10, 30 and 60 frames per second: {rates['firings']} firings each, "
        f"at most {rates['frames_apart']:.2f} frames apart"
    )
    pin_ms = {
        name: {"p50": statistics.median(times), "p99": statistics.quantiles(times, n=100)[98]}
        for name, times in pin_latency(tries.pin_firings).items()
    }
    for name, words in (("scores", "scores that complete the hold"), ("frame", "frame")):
        print(
            f"from the {words} to the pin: median {pin_ms[name]['p50']:.2f} ms, "
            f"99th percentile {pin_ms[name]['p99']:.2f} ms"
        )
    photo = show_photo(tries.photo_s)
    print(
        f"a smiling photo held up for {photo['seconds']:.0f} s: {photo['firings']} firings, "
        f"without neutral_first {photo['without']}"
    )
    with tempfile.TemporaryDirectory() as folder:
        kills = kill_runs(tries.kills, Path(folder))
    print(
        f"random kills: {kills['kills']}, {kills['met_active']} with an active pin, "
        f"{kills['left_active']} left one active; SIGTERM to safe at most "
        f"{kills['longest_ms']:.1f} ms"
    )
    figures = {"rules": checked, "frame_rates": rates, "pin_ms": pin_ms}
    write_json(options.json, {**figures, "photo": photo, "kills": kills})
    return 0


def endurance(options: argparse.Namespace) -> int:
    """Run the pipeline for minutes; print whether memory stays flat and old frames are dropped."""
    figures = endure(60.0 * options.minutes)
    print(
        f"{options.minutes:g} minutes at {SceneCamera.fps:g} fps: {figures['frames']:,} frames, "
        f"{figures['firings']:,} firings; resident memory {figures['early_mb']:.1f} MB after a "
        f"tenth, {figures['late_mb']:.1f} MB at the end"
    )
    print(
        f"{figures['dropped']:,} frames dropped; the oldest that was judged was "
        f"{figures['oldest_frame_times']:.2f} frame times old"
    )
    write_json(options.json, figures)
    return 0


def service(options: argparse.Namespace, *, command: Sequence[str] = ()) -> int:
    """Start, reload and kill the service, take its camera away, and leave it alone; print figures
    as they come, and return 1 if it did not come back. The service is ``smile-gate run`` unless a
    command is given."""
    with tempfile.TemporaryDirectory() as folder, closing(Trial(Path(folder), command)) as trial:
        figures = _all_series(trial, quick=options.quick, minutes=options.minutes)
    write_json(options.json, figures)
    return int(figures["did_not"] > 0)


def faults(options: argparse.Namespace, **arguments: Any) -> int:
    """Try damaged and odd input; print each new fault as it is found, and figures at the end.
    Return 1 if there was a fault. Further arguments are those of ``try_cases``."""
    figures = Figures()
    began = time.monotonic()
    times: Counter[str] = Counter()
    try:
        tries = try_cases(
            options.seed, options.first, options.tries, figures, keep=options.keep, **arguments
        )
        for fault in tries:
            times[fault.alike] += 1
            if times[fault.alike] == 1:
                print(f"{fault.failure}, try {fault.number}: {fault.words}", flush=True)
                print(f"    {fault.call}", flush=True)
    finally:
        _print_faults(figures, times, options, time.monotonic() - began)
    write_json(options.json, figures.as_json())
    return int(bool(figures.faults))


def _print_faults(
    figures: Figures, times: Counter[str], options: argparse.Namespace, seconds: float
) -> None:
    for alike, count in times.most_common():
        if count > 1:
            print(f"{count} times: {alike}")
    tried, failed = figures.tried, figures.as_json()["failed"]
    parts = ", ".join(f"{count} {kind}" for kind, count in sorted(tried.items()))
    print(f"seed {options.seed}: {tried.total()} tried in {seconds:.0f} s: {parts}")
    counts = ", ".join(f"{failed[failure]} {FAILURE_WORDS[failure]}" for failure in FAILURES)
    print(f"{counts}; a command took at most {figures.peak_mb:.0f} MB")
    print(f"to go on: --seed {options.seed} --first {options.first + tried.total()}")
    if figures.faults:
        print(f"to repeat try N: --seed {options.seed} --first N --tries 1 --keep DIR")


def _all_series(trial: Trial, *, quick: bool, minutes: float) -> dict[str, Any]:
    settled_s = 1.0 if quick else Capture.GOOD_S + 1.0  # pauses between tries are short again
    tries: tuple[tuple[str, int, int, Callable[[int], float | None]], ...] = (
        ("starts and stops", 200, 4, lambda _: trial.start()),
        ("reloads, good and bad in turns", 50, 4, lambda index: trial.reload(good=index % 2 == 0)),
        ("losses of the camera", 20, 1, lambda _: trial.lose_camera(settled_s)),
        ("kill -9", 100, 3, lambda _: trial.kill()),
    )
    figures: dict[str, Any] = {"did_not": 0}
    for name, count, few, attempt in tries:
        figures[name] = result = series(few if quick else count, attempt)
        figures["did_not"] += result["did_not"]
        reason = f" ({trial.gate.last_words})" if result["did_not"] else ""
        print(
            f"{name}: {result['came_back']} came back, {result['did_not']} did not{reason}; "
            f"{_in_words(result)}"
        )
    figures["boot"] = durations(trial.gate.boots_s)
    print(
        f"from the process to READY=1: {_in_words(figures['boot'])}, "
        f"of {len(trial.gate.boots_s)} starts"
    )
    figures["steady"] = steady = trial.steady(30.0 if quick else 60.0 * minutes)
    if not steady:
        figures["did_not"] += 1
        print(f"left alone it ended: {trial.gate.last_words}")
        return figures
    print(
        f"left alone for {steady['seconds'] / 60:g} minutes, {steady['frames']:,} frames: "
        f"{steady['write_bytes']:,} bytes written to a disk, {steady['wchar']:,} to log and "
        f"sockets; resident memory {steady['begin_mb']:.1f} MB, at the end "
        f"{steady['end_mb']:.1f} MB"
    )
    return figures


def _in_words(figures: dict[str, Any]) -> str:
    if figures["median_s"] is None:
        return "no times"
    return f"median {figures['median_s']:.2f} s, longest {figures['longest_s']:.2f} s"
