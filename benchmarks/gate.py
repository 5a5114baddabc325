"""How far the decision and the outputs can be trusted: rules, times, a photo, kills."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge.cameras.demo import COLLINS, DemoCamera
from edge.classifier import Classifier
from edge.faces import HaarDetector
from edge.frames import Box, Decision, Face, Frame, Grey, SmileScore
from edge.outputs import Outputs
from edge.pipeline import Pipeline
from edge.settings import Settings, ShutterSettings, TriggerSettings
from edge.tracker import FaceTracker
from edge.trigger import Trigger

RATES = (8.0, 10.0, 15.0, 24.0, 30.0, 60.0)
FACES = tuple(Face(number, Box(100 * number, 50, 80, 80), 5.0) for number in (1, 2))


# 1. Rules


class Referee:
    """Checks each decision against the rules, from scores and decisions alone."""

    def __init__(self, settings: TriggerSettings) -> None:
        self._settings = settings
        self._started: dict[int, float] = {}  # the last frame before each smile
        self._used: set[int] = set()
        self._fired: deque[float] = deque(maxlen=settings.max_per_minute + 1)
        self._before = 0.0
        self.broken = 0
        self.fired = 0

    def check(self, decision: Decision) -> None:
        """Count each rule that this decision breaks."""
        for face in decision.smile_off:
            self.broken += face not in self._started
            self._started.pop(face, None)
            self._used.discard(face)
        for face in decision.smile_on:
            self.broken += face in self._started
            self._started[face] = self._before
        if decision.fire:
            self._check_firing(decision)
        self._before = decision.time

    def _check_firing(self, decision: Decision) -> None:
        settings, face = self._settings, decision.face
        self.fired += 1
        earliest = self._started.get(face or 0, decision.time)
        self.broken += decision.time - earliest < settings.hold_s
        self.broken += face in self._used
        self.broken += decision.too_many
        if self._fired:
            self.broken += decision.time - self._fired[-1] < settings.cooldown_s
        self._fired.append(decision.time)
        if len(self._fired) == self._fired.maxlen:
            self.broken += decision.time - self._fired[0] < Trigger.MINUTE
        self._used |= set(self._started)


def random_scores(rng: np.random.Generator, steps: int) -> list[tuple[SmileScore, ...]]:
    """Return scores of no, one or two faces that wander between 0 and 1."""
    walks = [np.cumsum(rng.normal(0.0, 0.25, steps)) for _ in FACES]
    scores = [np.abs((walk + 1.0) % 4.0 - 2.0) / 2.0 for walk in walks]
    seen = rng.random((len(FACES), steps)) < 0.9
    return [
        tuple(
            SmileScore(face, float(scores[index][step]))
            for index, face in enumerate(FACES)
            if seen[index][step]
        )
        for step in range(steps)
    ]


def random_settings(rng: np.random.Generator) -> TriggerSettings:
    """Return settings anywhere in the sensible part of their ranges."""
    on, off = sorted(rng.uniform(0.2, 0.95, 2))[::-1]
    return TriggerSettings(
        threshold_on=float(on),
        threshold_off=float(off),
        smoothing_s=float(rng.choice([0.0, 0.05, 0.1, 0.5])),
        hold_s=float(rng.uniform(0.0, 1.0)),
        cooldown_s=float(rng.uniform(0.0, 5.0)),
        bridge_s=float(rng.uniform(0.0, 0.5)),
        who=str(rng.choice(["any", "largest", "all", "count"])),  # type: ignore[arg-type]
        neutral_first=bool(rng.random() < 0.5),
        neutral_s=float(rng.uniform(0.0, 1.0)),
        max_per_minute=int(rng.integers(3, 30)),
    )


def rules(steps: int, seed: int = 1) -> dict[str, float]:
    """Judge random scores at mixed frame rates, with other settings every 10,000 steps.

    Returns:
        Steps, firings, rules broken, and steps a second of the trigger alone.
    """
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, 10_000)
    done = fired = broken = 0
    seconds = 0.0
    while done < steps:
        settings = random_settings(rng)
        trigger, referee = Trigger(settings), Referee(settings)
        times = np.cumsum(1.0 / rng.choice(RATES, len(scores))).tolist()
        start = int(rng.integers(len(scores)))
        shuffled = scores[start:] + scores[:start]
        began = time.perf_counter()
        decisions = [trigger.step(at, seen) for at, seen in zip(times, shuffled, strict=True)]
        seconds += time.perf_counter() - began
        for decision in decisions:
            referee.check(decision)
        done += len(decisions)
        fired += referee.fired
        broken += referee.broken
    return {"steps": done, "firings": fired, "broken": broken, "per_second": done / seconds}


# 2. The same smiles at different frame rates


def random_smiles(rng: np.random.Generator, count: int) -> tuple[list[float], list[float]]:
    """Return times and scores between which lines are drawn: smiles that last clearly longer or
    clearly shorter than the hold, and pauses longer than the cooldown."""
    times, scores = [0.0], [0.05]
    for _ in range(count):
        short = rng.random() < 0.5
        ramps = rng.uniform(0.02, 0.06, 2) if short else rng.uniform(0.1, 0.6, 2)
        for length, score in (
            (rng.uniform(3.5, 6.0), 0.05),
            (ramps[0], rng.uniform(0.9, 1.0)),
            (rng.uniform(0.0, 0.03) if short else rng.uniform(0.9, 4.0), rng.uniform(0.9, 1.0)),
            (ramps[1], rng.uniform(0.0, 0.1)),
        ):
            times.append(times[-1] + float(length))
            scores.append(float(score))
    return times, scores


def firings_at(fps: float, times: Sequence[float], scores: Sequence[float]) -> list[float]:
    """Return when a curve of scores fires, seen at a frame rate."""
    trigger = Trigger(TriggerSettings())
    at = np.arange(0.0, times[-1], 1.0 / fps)
    seen = np.interp(at, times, scores)
    decisions = [
        trigger.step(float(moment), [SmileScore(FACES[0], float(score))])
        for moment, score in zip(at, seen, strict=True)
    ]
    return [decision.time for decision in decisions if decision.fire]


def frame_rates(smiles: int, seed: int = 2) -> dict[str, float]:
    """Compare firings at 10, 30 and 60 frames per second.

    Returns:
        Smiles, firings, and the largest difference in frames of the slower of two rates;
        infinite if one fires where another does not.
    """
    curve = random_smiles(np.random.default_rng(seed), smiles)
    fired = {fps: firings_at(fps, *curve) for fps in (10.0, 30.0, 60.0)}
    worst = 0.0
    for slow, fast in ((10.0, 30.0), (10.0, 60.0), (30.0, 60.0)):
        if len(fired[slow]) != len(fired[fast]):
            worst = float("inf")
            continue
        apart = np.abs(np.subtract(fired[slow], fired[fast]))
        worst = max(worst, float(apart.max()) * slow)
    return {"smiles": smiles, "firings": len(fired[10.0]), "frames_apart": worst}


# 3. From the frame to the pin


class TimedPin(MockPin):  # type: ignore[misc]
    """A mock pin that notes when it rose."""

    rises: list[float] = []  # noqa: RUF012  (of all pins)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and value:
            self.rises.append(time.monotonic())
        return changed


def pin_latency(firings: int, classifier: Classifier) -> dict[str, list[float]]:
    """Fire a shutter again and again, on real frames of a smile after real frames without one.

    Returns:
        Of each firing the milliseconds from the frame to the pin's edge, ``frame``, and from its
        scores to the edge, ``scores``.
    """
    Device.pin_factory = MockFactory(pin_class=TimedPin)
    TimedPin.rises.clear()
    frames = list(iter(DemoCamera().read, None))
    calm, smiling = frames[20].grey, frames[70].grey
    settings = Settings()
    trigger = TriggerSettings(smoothing_s=0, hold_s=0, cooldown_s=0, max_per_minute=600)
    scored_at: list[float] = []

    class Timed(Trigger):
        def step(self, time_: float, scores: Sequence[SmileScore]) -> Decision:
            scored_at.append(time.monotonic())
            return super().step(time_, scores)

    outputs = Outputs({"photo": ShutterSettings(pin=17, pulse_s=0.01)}, lambda _: None)
    pipeline = Pipeline(
        camera=DemoCamera(),
        faces=FaceTracker(HaarDetector(settings.faces), settings.faces),
        classifier=classifier,
        trigger=Timed(trigger),
        outputs=outputs,
        listen=lambda _: None,
    )
    from_frame: list[float] = []
    from_scores: list[float] = []
    for index in itertools.count():
        frame = Frame(index, index / 30.0, smiling if index % 4 == 3 else calm)
        started = time.monotonic()
        decision = pipeline.step(frame)
        while not outputs.idle:
            time.sleep(0.001)
        if decision.fire:
            from_frame.append((TimedPin.rises[-1] - started) * 1e3)
            from_scores.append((TimedPin.rises[-1] - scored_at[-1]) * 1e3)
        if len(from_frame) == firings:
            break
    outputs.close()
    Device.pin_factory = None
    return {"frame": from_frame, "scores": from_scores}


# 4. A photo of a smile, held up


def shaken_photo(seconds: float, fps: float = 30.0, seed: int = 4) -> Iterator[Frame]:
    """Yield frames of a smiling portrait in somebody's hand: it sways, tilts, comes nearer and
    trembles, and the camera adds noise."""
    rng = np.random.default_rng(seed)
    portrait = COLLINS.read()
    phases = rng.uniform(0.0, 2.0 * np.pi, 5)
    for index in range(round(seconds * fps)):
        at = index / fps
        slow = np.sin(2.0 * np.pi * at * np.array([0.11, 0.17, 0.07, 0.13, 9.0]) + phases)
        angle = 8.0 * slow[0] + rng.normal(0.0, 0.3)
        zoom = 1.6 * (1.0 + 0.2 * slow[1])
        turn = np.asarray(cv2.getRotationMatrix2D(COLLINS.centre, angle, zoom), np.float64)
        turn[:, 2] += np.array([320.0, 240.0]) - COLLINS.centre
        turn[:, 2] += (60.0 * slow[2] + 1.5 * slow[4], 40.0 * slow[3] + 1.5 * slow[4])
        yield Frame(index, at, _noisy(portrait, turn, 1.0 + 0.15 * slow[3], rng))


def _noisy(portrait: Grey, turn: Any, light: float, rng: np.random.Generator) -> Grey:
    view = cv2.warpAffine(portrait, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    noisy = light * np.asarray(view, np.float64) + rng.normal(0.0, 5.0, view.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def photo(seconds: float, classifier: Classifier) -> dict[str, float]:
    """Show the photo to the device.

    Returns:
        Seconds, firings with ``neutral_first`` and, to see that it was looked at, without.
    """
    settings = Settings()
    tracker = FaceTracker(HaarDetector(settings.faces), settings.faces)
    triggers = {
        neutral: Trigger(TriggerSettings(neutral_first=neutral)) for neutral in (True, False)
    }
    fired = dict.fromkeys(triggers, 0)
    for frame in shaken_photo(seconds):
        scores = [classifier.score(frame, face) for face in tracker.find(frame)]
        for neutral, trigger in triggers.items():
            fired[neutral] += trigger.step(frame.time, scores).fire
    return {"seconds": seconds, "firings": fired[True], "without": fired[False]}
