"""The file report.md: a report in sentences, tables and charts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report.charts import draw
from benchmarks.report.formatting import heading, listed, short
from benchmarks.report.key_figures import ENERGY, INFERENCE, MEMORY, ONE_FACE, PIN
from benchmarks.report.report_json import RAW, REPORT, publish
from benchmarks.report.schema import Device, Report
from benchmarks.report.sections import accuracy, timed_sections
from edge.errors import MissingPackageError

REPORT_MD = "report.md"
HEADLINE = {
    ONE_FACE: "judges **{} frames a second** with one face, on one core",
    INFERENCE: "takes **{} ms** for an inference",
    PIN: "switches the pin, 9 times of 10, within **{} ms** of the frame",
    MEMORY: "needs **{} MB** of memory",
    ENERGY: "spends **{} mJ** on a frame",
}


def present(report: Report, folder: Path) -> None:
    """Draw the charts, if matplotlib is installed, and write report.md.

    Raises:
        OSError: a file can't be written.
    """
    try:
        draw(report, folder)
    except MissingPackageError as error:
        print(f"benchmarks: no pictures: {error}", file=sys.stderr)
    write_report_md(report, folder)


def write_report_md(report: Report, folder: Path) -> None:
    """Write report.md, with the charts that the folder contains.

    Raises:
        OSError: the file can't be written.
    """
    text = "\n".join([*_lines(report, {path.name for path in folder.iterdir()}), ""])
    publish(folder / REPORT_MD, text.encode())


def _lines(report: Report, files: set[str]) -> Iterator[str]:
    yield f"# {report.device.model}\n"
    if report.device.emulated:
        yield (
            "> **Emulated: its times mean nothing and are left out.** This report says what ran, "
            "no more."
        )
    else:
        yield _headline(report)
    if report.partial:
        yield f"\n> **Partial:** {report.partial}."
    if report.noisy and not report.device.emulated:
        yield "\n> **Noisy:** the times are doubtful."
        yield from (f"> - {why}" for why in report.noisy)
    yield from _device(report.device)
    if report.device.emulated:
        yield from _what_ran(report)
    timed = () if report.device.emulated else timed_sections(report)
    for title, charts, lines in (*timed, accuracy(report)):
        if body := list(lines):
            yield from heading(title, *(chart for chart in charts if chart in files))
            yield from body
    yield from _method(report, raw=RAW in files)


def _headline(report: Report) -> str:
    values = ((figure.value(report), words) for figure, words in HEADLINE.items())
    parts = [words.format(short(value)) for value, words in values if value is not None]
    if not parts:
        return "Nothing was measured that a headline could be made of."
    return f"It {listed(parts)}."


def _device(device: Device) -> Iterator[str]:
    clock = f", up to {short(device.clock_mhz)} MHz" if device.clock_mhz else ""
    rows = [
        ("name", device.name),
        ("model", device.model + (f", revision {device.revision}" if device.revision else "")),
        ("system on a chip", device.soc),
        ("processor", f"{device.architecture}, {device.cores} cores{clock}"),
        ("clock governor", device.governor),
        ("memory", f"{device.memory_mb:,} MB"),
        ("cooling", ", ".join(device.cooling)),
        ("system", f"{device.os}, kernel {device.kernel}"),
        ("runtimes", ", ".join(f"{name} {version}" for name, version in device.runtimes.items())),
    ]
    yield from heading("The device")
    yield from (f"- {name}: {value}" for name, value in rows if value)


def _what_ran(report: Report) -> Iterator[str]:
    yield from heading("What ran")
    for run in report.inference:
        yield f"- The classifier, {run.label}."
    for scene in report.flat_out:
        yield f"- Frame to decision: {scene.label}."
    for live in report.camera_rate:
        yield f"- Behind a camera: {live.label}, {live.frames:,} frames judged."
    if report.footprint:
        yield f"- `smile-gate run`, {short(report.footprint.peak_mb)} MB at its peak."
    if report.sustained and report.sustained.readings:
        yield f"- Flat out for {short(report.sustained.readings[-1].at_s)} s."
    for peer in report.peers:
        yield f"- {peer.name}: {peer.error or 'ran'}."


def _method(report: Report, *, raw: bool) -> Iterator[str]:
    method = report.method
    yield from heading("How it was measured")
    yield (
        f"By `python -m benchmarks run` of smile-gate {report.version}, begun {report.date}. "
        f"Times of an inference or a frame are medians of {method.windows} windows of at least "
        f"{short(method.window_s)} s, after one for warm-up; the spread is how far the windows' "
        f"medians lie apart. The sustained run was to last {short(method.sustained_s)} s, each "
        f"phase of the power run {short(method.power_s)} s. The bundle's manifest has the SHA-256 "
        f"`{method.bundle}`. All figures are in [{REPORT}]({REPORT})"
        + (f", each window's times in [{RAW}]({RAW})." if raw else ".")
    )
    if report.overhead is not None and not report.device.emulated:
        yield f"\nMeasuring itself costs {100 * report.overhead:.1f} % of the frame rate."
    if missing := _not_measured(report):
        yield f"\nNot measured: {', '.join(missing)}."
    if report.left_out:
        yield "\nLeft out:\n"
        yield from (f"- {why}" for why in report.left_out)


def _not_measured(report: Report) -> list[str]:
    readings = report.sustained.readings if report.sustained else ()
    parts = {
        "one inference": report.inference,
        "frame to decision": report.flat_out,
        "behind a camera": report.camera_rate,
        "what the program takes": report.footprint,
        "the sustained run": readings,
        "temperature": [each for each in readings if each.temperature_c is not None],
        "clock": [each for each in readings if each.clock_mhz is not None],
        "throttling": [each for each in readings if each.throttled is not None],
        "power": report.power,
        "others": report.peers,
        "accuracy": report.accuracy,
    }
    missing = [name for name, measured in parts.items() if not measured]
    return missing if report.overhead is not None else [*missing, "overhead"]
