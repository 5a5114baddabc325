"""The figures of a report by which devices are told apart, and how figures are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.report.schema import Accuracy, CameraRate, FlatOut, Inference, Peer, Phase, Report

NONE = "-"
MOST_SPREAD = 0.05
"""Windows whose medians lie further apart are unsteady; as a share of the smallest median."""


def short(value: float, digits: int = 3) -> str:
    """Write a figure with the digits that count: 0.128, 3.5, 1,250."""
    if abs(value) < 100:
        return f"{float(f'{value:.{digits}g}'):.10f}".rstrip("0").rstrip(".")
    return f"{value:,.0f}"


def stage_ms(value: float) -> str:
    """Write a stage's time; what takes microseconds matters to nobody."""
    return "<0.01" if 0 < value < 0.01 else short(value)


def faces_in(count: int) -> str:
    """Return ``no face``, ``1 face``, ``4 faces``."""
    return "no face" if count == 0 else f"{count} face{'s' if count > 1 else ''}"


def configuration(kind: str, threads: int, xnnpack: bool) -> str:
    """Return how the classifier is run, as people say it."""
    if kind == "edge tpu":
        return kind
    many = f"{threads} thread{'s' if threads > 1 else ''}"
    return f"{kind}, {many}" + ("" if xnnpack else ", no XNNPACK")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; columns after the first are to the right."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        return f"| {' | '.join(padded)} |"

    rule = [":" + "-" * (widths[0] - 1), *("-" * (width - 1) + ":" for width in widths[1:])]
    return [line(head), line(rule), *map(line, rows)]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number of a report.

    Attributes:
        name: what it is of, without its unit.
        unit: of the number.
        of: takes it from a report; None where it was not measured.
        digits: that count.
    """

    name: str
    unit: str
    of: Callable[[Report], float | None]
    digits: int = 3

    @property
    def label(self) -> str:
        return f"{self.name}, {self.unit}"

    def written(self, report: Report) -> str:
        value = self.of(report)
        return NONE if value is None else short(value, self.digits)


def one_inference(report: Report) -> Inference | None:
    """Return the int8 model on one thread, by XNNPACK if it was: as the device runs it."""
    found = [one for one in report.inference if one.kind == "int8" and one.threads == 1]
    return max(found, key=lambda one: one.xnnpack, default=None)


def flat_out(report: Report, faces: int) -> FlatOut | None:
    """Return the first scene with so many faces."""
    return next((one for one in report.flat_out if one.faces == faces), None)


def camera_rate(report: Report) -> CameraRate | None:
    """Return the first scene with one face behind a camera."""
    return next((one for one in report.camera_rate if one.faces == 1), None)


def phase(report: Report, name: str) -> Phase | None:
    """Return one of the runs for power."""
    phases = report.power.phases if report.power else ()
    return next((one for one in phases if one.name == name), None)


def own_accuracy(report: Report) -> Accuracy | None:
    """Return the accuracy of the bundle that was measured."""
    return next((one for one in report.accuracy if one.bundle == report.method.bundle), None)


def first_of_each(peers: Sequence[Peer]) -> list[Peer]:
    """Return peers without other ways to run the same, which only differ on whole frames."""
    first: dict[str, Peer] = {}
    for one in peers:
        first.setdefault(one.name.partition(",")[0], one)
    return list(first.values())


def _fps(faces: int) -> KeyFigure:
    def of(report: Report) -> float | None:
        found = flat_out(report, faces)
        return found.timing.per_s if found else None

    return KeyFigure(f"flat out, {faces_in(faces)}", "fps", of)


def _inference_ms(report: Report) -> float | None:
    found = one_inference(report)
    return found.timing.p50 if found else None


def _cpu_percent(report: Report) -> float | None:
    found = camera_rate(report)
    return 100.0 * found.cpu_share if found else None


def _age_ms(report: Report) -> float | None:
    found = camera_rate(report)
    return found.age_ms.get("p99") if found else None


def _pin_ms(report: Report) -> float | None:
    found = camera_rate(report)
    return found.pin_ms.get("p90") if found else None  # too few firings for rarer ones


def _hottest(report: Report) -> float | None:
    readings = report.sustained.readings if report.sustained else ()
    return max(
        (one.temperature_c for one in readings if one.temperature_c is not None), default=None
    )


def _watts(name: str) -> KeyFigure:
    def of(report: Report) -> float | None:
        found = phase(report, name)
        return found.mean_w if found else None

    return KeyFigure(f"power, {name}", "W", of)


def _millijoules(report: Report) -> float | None:
    joules = report.power.joules_per_frame if report.power else None
    return None if joules is None else 1e3 * joules


def _percent(report: Report) -> float | None:
    found = own_accuracy(report)
    return found.percent if found else None


INFERENCE = KeyFigure("one inference, one thread", "ms", _inference_ms)
ONE_FACE, TWELVE_FACES = _fps(1), _fps(12)
PIN = KeyFigure("firing frame to pin, 9 of 10 below", "ms", _pin_ms)
MEMORY = KeyFigure("memory, peak", "MB", lambda report: _footprint(report)[1])
ENERGY = KeyFigure("energy a frame", "mJ", _millijoules)
ACCURACY = KeyFigure("right on GENKI-4K's test part", "%", _percent, digits=4)


def _footprint(report: Report) -> tuple[float | None, float | None]:
    found = report.footprint
    return (found.ready_s, found.peak_mb) if found else (None, None)


KEY_FIGURES = (
    INFERENCE,
    _fps(0),
    ONE_FACE,
    _fps(4),
    TWELVE_FACES,
    KeyFigure("one core's share at the camera's rate", "%", _cpu_percent),
    KeyFigure("age of a judged frame, 99 of 100 below", "ms", _age_ms),
    PIN,
    KeyFigure("start to first judged frame", "s", lambda report: _footprint(report)[0]),
    MEMORY,
    KeyFigure("hottest in the sustained run", "°C", _hottest),
    _watts("idle"),
    _watts("flat out"),
    ENERGY,
    ACCURACY,
)
