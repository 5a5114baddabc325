"""Whether the device's path got slower: ratios of times, measured in turns by the same process.
Ratios differ less from machine to machine and from day to day than times do. Frames are counted by
the second of processor time, so that other programs on the machine matter little."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
from msgspec import Meta, Struct

from benchmarks.bundle import device_settings
from benchmarks.measure.paths import FramePath, device_path, measure_path, naive_path
from benchmarks.measure.windows import median_s
from benchmarks.processes import own_process
from benchmarks.report.report_json import publish
from benchmarks.report.schema import Positive
from benchmarks.simulate.scenes import FOUR, FPS, ONE, WALKING, Scene
from edge.errors import SmileGateError
from edge.model.open import open_classifier

TOLERANCES = {
    "walking face: frames a second, against the naive path": 0.25,
    "no face: frames a second, against one face": 0.25,
    "four faces: frames a second, against one face": 0.25,
    "scores a second, against blurs of 640x480": 0.4,
}
"""Of new baselines: the share of a ratio that may be lost; larger ratios are better."""


class BaselineError(SmileGateError, ValueError):
    """A baseline is missing, no baseline, or of another machine or version."""


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """The ratio of a baseline, and the share of the ratio that may be lost."""

    ratio: Positive
    tolerance: Annotated[float, Meta(gt=0, lt=1)]

    @property
    def least(self) -> float:
        return self.ratio * (1.0 - self.tolerance)


class Baseline(Struct, frozen=True, forbid_unknown_fields=True):
    """Ratios by their names, of a processor's architecture as ``uname -m`` has it."""

    architecture: str
    ratios: dict[str, Expected]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A measured ratio and the baseline's."""

    name: str
    got: float
    expected: Expected

    @property
    def worse(self) -> bool:
        return self.got < self.expected.least

    def __str__(self) -> str:
        return (
            f"{'worse' if self.worse else 'ok':5}  {self.name}: {self.got:.2f}, expected at least "
            f"{self.expected.least:.2f} ({self.expected.ratio:.2f} less "
            f"{100 * self.expected.tolerance:.0f} %)"
        )


def read_baseline(path: Path, architecture: str = platform.machine()) -> Baseline:
    """Read the baseline of this architecture.

    Raises:
        BaselineError: the file is missing, no baseline, of another machine, or of other ratios.
    """
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise BaselineError(f"{path}: expected a baseline, got: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: not a baseline: {error}") from error
    if baseline.architecture != architecture:
        reason = f"a baseline of {architecture}, got one of {baseline.architecture}"
    elif unlike := baseline.ratios.keys() ^ TOLERANCES.keys():
        reason = f"the {len(TOLERANCES)} ratios that are measured, got others ({min(unlike)!r})"
    else:
        return baseline
    raise BaselineError(f"{path}: expected {reason}: write one anew with --write")


def write_baseline(path: Path, ratios: dict[str, float]) -> Baseline:
    """Write ratios as a baseline, with the tolerances of the baseline that the file held before.

    Raises:
        OSError: the file can't be written.
    """
    tolerances = dict(TOLERANCES)
    with suppress(BaselineError):  # the file may be new
        tolerances |= {name: old.tolerance for name, old in read_baseline(path).ratios.items()}
    baseline = Baseline(
        platform.machine(),
        {name: Expected(float(f"{ratio:.4g}"), tolerances[name]) for name, ratio in ratios.items()},
    )
    text = msgspec.json.format(msgspec.json.encode(baseline), indent=1)
    publish(path, text + b"\n")
    return baseline


def compare_ratios(baseline: Baseline, ratios: dict[str, float]) -> list[Verdict]:
    """Compare ratios with a baseline that has all of them."""
    return [Verdict(name, got, baseline.ratios[name]) for name, got in ratios.items()]


def measure_round() -> dict[str, float]:
    """Measure each ratio once, in this process."""

    def fps(scene: Scene, path: FramePath, frames: int = 90) -> float:
        return FPS / measure_path(scene.render(frames), path).cpu_per_s

    one_face = fps(ONE, device_path())
    ratios = (
        fps(WALKING, device_path()) / fps(WALKING, naive_path(keras=False), 6),
        fps(Scene(0), device_path()) / one_face,
        fps(FOUR, device_path()) / one_face,
        _score_to_blur(),
    )
    return dict(zip(TOLERANCES, ratios, strict=True))


def measure_ratios(
    rounds: int = 7, measure_round: Callable[[], dict[str, float]] = measure_round
) -> dict[str, float]:
    """Return each ratio's median over rounds, in a new process on one core.

    Raises:
        DeadProcessError: the process ended before it had measured.
    """
    with own_process() as process:
        measured = [process.submit(measure_round).result() for _ in range(rounds)]
    return {name: statistics.median(ratios[name] for ratios in measured) for name in TOLERANCES}


def _score_to_blur() -> float:
    classifier = open_classifier(device_settings())
    side = classifier.manifest.input.width
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    face = noise[:side, :side].copy()
    score_s = median_s(lambda: classifier.score_pixels(face), 100, time.process_time)
    blur_s = median_s(lambda: cv2.GaussianBlur(noise, (21, 21), 5.0), 100, time.process_time)
    return blur_s / score_s
