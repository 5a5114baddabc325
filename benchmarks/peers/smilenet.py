"""This project's own bundle, as a peer of the others."""

from __future__ import annotations

from benchmarks.bundle import device_settings
from benchmarks.measure.paths import FramePath, device_path
from benchmarks.peers.scorer import Scorer
from edge.model.open import open_classifier
from edge.values import Box, Grey


class Smilenet(Scorer):
    """The measured bundle, by the device's own code: a face and its mirror image."""

    def __init__(self) -> None:
        self.classifier = open_classifier(device_settings())
        manifest = self.classifier.manifest
        self.version = manifest.files[manifest.model][:12]
        self.threshold = manifest.threshold

    def score(self, grey: Grey, box: Box) -> float:
        return self.classifier.score_box(grey, box)


class DevicePath(Smilenet):
    """The measured bundle, with the device's own path from frame to decision."""

    def path(self) -> FramePath:
        return device_path()
