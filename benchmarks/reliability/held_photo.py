"""Whether a photo of a smile that somebody holds up fires."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.bundle import device_settings
from edge.cameras.demo import COLLINS
from edge.pipeline import open_stages
from edge.settings import TriggerSettings
from edge.trigger import Trigger
from edge.values import Frame


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
        view = cv2.warpAffine(portrait, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
        light = (1.0 + 0.15 * slow[3]) * np.asarray(view, np.float64)
        noisy = light + rng.normal(0.0, 5.0, view.shape)
        yield Frame(index, at, np.asarray(np.clip(noisy, 0, 255), np.uint8))


def show_photo(seconds: float) -> dict[str, float]:
    """Show the photo to the device.

    Returns:
        Seconds, firings with ``neutral_first`` and, to show that the photo counts as a smile,
        firings without.
    """
    tracker, classifier, _ = open_stages(device_settings())
    triggers = {
        neutral: Trigger(TriggerSettings(neutral_first=neutral)) for neutral in (True, False)
    }
    fired = dict.fromkeys(triggers, 0)
    for frame in shaken_photo(seconds):
        scores = [classifier.score(frame, face) for face in tracker.find(frame)]
        for neutral, trigger in triggers.items():
            fired[neutral] += trigger.step(frame.time, scores).fire
    return {"seconds": seconds, "firings": fired[True], "without": fired[False]}
