"""The key figures of a report, by which devices and bundles are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.report.formatting import NONE, faces_in, short
from benchmarks.report.schema import CameraRate, Footprint, Report


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A number that is read from a report.

    Attributes:
        name: the quantity, without its unit.
        unit: of the number.
        value: returns the number of a report; None where it was not measured.
        digits: the number of significant digits.
    """

    name: str
    unit: str
    value: Callable[[Report], float | None]
    digits: int = 3

    @property
    def label(self) -> str:
        return f"{self.name}, {self.unit}"

    def text(self, report: Report) -> str:
        value = self.value(report)
        return NONE if value is None else short(value, self.digits)


def _flat_out(faces: int) -> KeyFigure:
    """Return the frame rate of the first scene with so many faces."""

    def value(report: Report) -> float | None:
        rates = (scene.timing.per_s for scene in report.flat_out if scene.faces == faces)
        return next(rates, None)

    return KeyFigure(f"flat out, {faces_in(faces)}", "fps", value)


def _at_camera_rate(name: str, unit: str, field: Callable[[CameraRate], float | None]) -> KeyFigure:
    """Return a field of the first scene with one face behind a camera."""

    def value(report: Report) -> float | None:
        return next((field(scene) for scene in report.camera_rate if scene.faces == 1), None)

    return KeyFigure(name, unit, value)


def _footprint(name: str, unit: str, field: Callable[[Footprint], float]) -> KeyFigure:
    def value(report: Report) -> float | None:
        return field(report.footprint) if report.footprint else None

    return KeyFigure(name, unit, value)


def _watts(name: str) -> KeyFigure:
    def value(report: Report) -> float | None:
        phases = report.power.phases if report.power else ()
        return next((phase.mean_w for phase in phases if phase.name == name), None)

    return KeyFigure(f"power, {name}", "W", value)


def _inference_ms(report: Report) -> float | None:
    """Return the time of the int8 model on one thread, with XNNPACK if that was measured."""
    candidates = (each for each in report.inference if (each.kind, each.threads) == ("int8", 1))
    best = max(candidates, key=lambda inference: inference.xnnpack, default=None)
    return best.timing.p50 if best else None


def _hottest(report: Report) -> float | None:
    readings = report.sustained.readings if report.sustained else ()
    temperatures = [reading.temperature_c for reading in readings]
    return max((degrees for degrees in temperatures if degrees is not None), default=None)


def _millijoules(report: Report) -> float | None:
    joules = report.power.joules_per_frame if report.power else None
    return None if joules is None else 1e3 * joules


def _percent(report: Report) -> float | None:
    """Return the accuracy of the bundle that was measured."""
    bundle = report.method.bundle
    return next((row.percent for row in report.accuracy if row.bundle == bundle), None)


INFERENCE = KeyFigure("one inference, one thread", "ms", _inference_ms)
ONE_FACE, TWELVE_FACES = _flat_out(1), _flat_out(12)
PIN = _at_camera_rate(  # with too few firings for p99
    "firing frame to pin, 9 of 10 below", "ms", lambda scene: scene.pin_ms.get("p90")
)
MEMORY = _footprint("memory, peak", "MB", lambda footprint: footprint.peak_mb)
ENERGY = KeyFigure("energy a frame", "mJ", _millijoules)
ACCURACY = KeyFigure("right on GENKI-4K's test part", "%", _percent, digits=4)

KEY_FIGURES = (
    INFERENCE,
    _flat_out(0),
    ONE_FACE,
    _flat_out(4),
    TWELVE_FACES,
    _at_camera_rate("one core's share at the camera's rate", "%", lambda s: 100.0 * s.cpu_share),
    _at_camera_rate("age of a judged frame, 99 of 100 below", "ms", lambda s: s.age_ms.get("p99")),
    PIN,
    _footprint("start to first judged frame", "s", lambda footprint: footprint.ready_s),
    MEMORY,
    KeyFigure("hottest in the sustained run", "°C", _hottest),
    _watts("idle"),
    _watts("flat out"),
    ENERGY,
    ACCURACY,
)

MAIN_FIGURES = (ONE_FACE, TWELVE_FACES, INFERENCE, PIN, ENERGY)
"""Drawn where reports are compared."""
