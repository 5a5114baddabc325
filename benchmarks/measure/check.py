"""Whether the device's path got slower: ratios against ways that do not change, in the same run.

Times differ from machine to machine and from day to day; how many times as fast one thing is as
another, measured in turns by one process, differs much less. Frames are counted by the second of
processor time, so that others on the machine matter little.
"""

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

from benchmarks.measure.paths import Judge, measure, naive_path, this_path
from benchmarks.measure.process import own_process
from benchmarks.report.report_json import publish
from benchmarks.report.schema import Positive
from benchmarks.simulate.scenes import FOUR, FPS, ONE, WALKING, Scene
from edge.errors import SmileGateError
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE

TOLERANCES = {
    "walking face: frames a second, against the naive path": 0.25,
    "no face: frames a second, against one face": 0.25,
    "four faces: frames a second, against one face": 0.25,
    "scores a second, against blurs of 640x480": 0.4,
}
"""Of new baselines: the share of a ratio that may be lost; each is better when it is larger."""

ROUNDS = 7


class BaselineError(SmileGateError, ValueError):
    """A baseline is missing, not one, or of another machine or version."""


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """A ratio as it was, and the share of it that may be lost."""

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
    """One ratio, held against what was expected of it."""

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


def read_baseline(path: Path) -> Baseline:
    """Read the baseline of this architecture.

    Raises:
        BaselineError: it is missing, not one, of another machine, or of other ratios.
    """
    try:
        baseline = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise BaselineError(f"{path}: expected a baseline, got: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"{path}: not a baseline: {error}") from error
    anew = "write one anew with --write"
    if baseline.architecture != platform.machine():
        raise BaselineError(
            f"{path}: expected a baseline of {platform.machine()}, got one of "
            f"{baseline.architecture}: {anew}"
        )
    if unlike := baseline.ratios.keys() ^ TOLERANCES.keys():
        raise BaselineError(
            f"{path}: expected the {len(TOLERANCES)} ratios that are measured, got others "
            f"({min(unlike)!r}): {anew}"
        )
    return baseline


def write_baseline(path: Path, ratios: dict[str, float]) -> Baseline:
    """Write ratios as a baseline; tolerances of one that was there are kept.

    Raises:
        OSError: it can't be written.
    """
    tolerances = dict(TOLERANCES)
    with suppress(BaselineError):  # if there is none, there will be
        tolerances |= {name: one.tolerance for name, one in read_baseline(path).ratios.items()}
    baseline = Baseline(
        platform.machine(),
        {name: Expected(float(f"{ratio:.4g}"), tolerances[name]) for name, ratio in ratios.items()},
    )
    text = msgspec.json.format(msgspec.json.encode(baseline), indent=1)
    publish(path, text + b"\n")
    return baseline


def judge(baseline: Baseline, ratios: dict[str, float]) -> list[Verdict]:
    """Hold ratios against a baseline that has all of them."""
    return [Verdict(name, got, baseline.ratios[name]) for name, got in ratios.items()]


def measure_ratios(rounds: int = ROUNDS) -> dict[str, float]:
    """Measure each ratio so many times, in a process of its own on one core; return the medians."""
    with own_process() as process:
        found = [process.submit(_ratios).result() for _ in range(rounds)]
    return {name: statistics.median(one[name] for one in found) for name in TOLERANCES}


def _ratios() -> dict[str, float]:
    def fps(scene: Scene, path: Judge, frames: int = 90) -> float:
        return FPS / measure(scene.render(frames), path).cpu_per_s

    one = fps(ONE, this_path())
    ratios = (
        fps(WALKING, this_path()) / fps(WALKING, naive_path(keras=False), 6),
        fps(Scene(0), this_path()) / one,
        fps(FOUR, this_path()) / one,
        _score_against_blur(),
    )
    return dict(zip(TOLERANCES, ratios, strict=True))


def _score_against_blur() -> float:
    classifier = Classifier(load_bundle(SHIPPED_BUNDLE))
    side = classifier.manifest.input.width
    noise = np.random.default_rng(1).integers(0, 256, (480, 640), np.uint8)
    face = noise[:side, :side].copy()

    def seconds(call: Callable[[], object]) -> float:
        call()
        times = []
        for _ in range(100):
            started = time.process_time()
            call()
            times.append(time.process_time() - started)
        return statistics.median(times)

    score = seconds(lambda: classifier.score_pixels(face))
    return seconds(lambda: cv2.GaussianBlur(noise, (21, 21), 5.0)) / score
