"""The file report.md: a report in sentences, tables and charts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report.charts import CHARTS, draw
from benchmarks.report.formatting import configuration, heading, listed, scene_label, short
from benchmarks.report.key_figures import ENERGY, INFERENCE, MEMORY, ONE_FACE, PIN
from benchmarks.report.report_json import RAW, REPORT, publish
from benchmarks.report.schema import Report
from benchmarks.report.sections import SECTIONS, accuracy
from edge.errors import MissingPackageError

REPORT_MD = "report.md"


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
    text = "\n".join([*_lines(report, frozenset(path.name for path in folder.iterdir())), ""])
    publish(folder / REPORT_MD, text.encode())


def _lines(report: Report, files: frozenset[str]) -> Iterator[str]:
    yield f"# {report.device.model}\n"
    if report.device.emulated:
        yield (
            "> **Emulated: its times mean nothing and are left out.** This report says what ran, "
            "no more."
        )
    else:
        yield headline(report)
    if report.partial:
        yield f"\n> **Partial:** {report.partial}."
    if report.noisy and not report.device.emulated:
        yield "\n> **Noisy:** the times are doubtful."
        yield from (f"> - {why}" for why in report.noisy)
    yield from _device(report)
    if report.device.emulated:
        yield from _what_ran(report)
    else:
        for section in SECTIONS:
            yield from section(report, files & CHARTS.keys())
    yield from accuracy(report)
    yield from _method(report, files)


def headline(report: Report) -> str:
    """Return the main figures in one sentence."""
    fps, inference, pin, memory, energy = (
        figure.value(report) for figure in (ONE_FACE, INFERENCE, PIN, MEMORY, ENERGY)
    )
    parts = []
    if fps is not None:
        parts.append(f"judges **{short(fps)} frames a second** with one face, on one core")
    if inference is not None:
        parts.append(f"takes **{short(inference)} ms** for an inference")
    if pin is not None:
        parts.append(f"switches the pin, 9 times of 10, within **{short(pin)} ms** of the frame")
    if memory is not None:
        parts.append(f"needs **{short(memory)} MB** of memory")
    if energy is not None:
        parts.append(f"spends **{short(energy)} mJ** on a frame")
    if not parts:
        return "Nothing was measured that a headline could be made of."
    return f"It {listed(parts)}."


def _device(report: Report) -> Iterator[str]:
    device = report.device
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
        yield f"- The classifier, {configuration(run.kind, run.threads, run.xnnpack)}."
    for scene in report.flat_out:
        yield f"- Frame to decision: {scene_label(scene.scene, scene.faces)}."
    for live in report.camera_rate:
        yield (
            f"- Behind a camera: {scene_label(live.scene, live.faces)}, {live.frames:,} frames "
            "judged."
        )
    if report.footprint:
        yield f"- `smile-gate run`, {short(report.footprint.peak_mb)} MB at its peak."
    if report.sustained and report.sustained.readings:
        yield f"- Flat out for {short(report.sustained.readings[-1].at_s)} s."
    for peer in report.peers:
        yield f"- {peer.name}: {peer.error or 'ran'}."


def _method(report: Report, files: frozenset[str]) -> Iterator[str]:
    method = report.method
    yield from heading("How it was measured")
    yield (
        f"By `python -m benchmarks run` of smile-gate {report.version}, begun {report.date}. "
        f"Times of an inference or a frame are medians of {method.windows} windows of at least "
        f"{short(method.window_s)} s, after one for warm-up; the spread is how far the windows' "
        f"medians lie apart. The sustained run was to last {short(method.sustained_s)} s, each "
        f"phase of the power run {short(method.power_s)} s. The bundle's manifest has the SHA-256 "
        f"`{method.bundle}`. All figures are in [{REPORT}]({REPORT})"
        + (f", each window's times in [{RAW}]({RAW})." if RAW in files else ".")
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
