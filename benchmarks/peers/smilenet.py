"""This project's own bundle, as one of the peers."""

from __future__ import annotations

from benchmarks.measure.paths import Judge, this_path
from benchmarks.peers.scorer import Scorer
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from edge.values import Box, Grey


class Smilenet(Scorer):
    """The shipped bundle, by the device's own code: a face and its mirror image."""

    def __init__(self) -> None:
        self._classifier = Classifier(load_bundle(SHIPPED_BUNDLE))
        manifest = self._classifier.manifest
        self.version = manifest.files[manifest.model][:12]
        self.threshold = manifest.threshold

    def score(self, grey: Grey, box: Box) -> float:
        return self._classifier.score_box(grey, box)


class DevicePath(Smilenet):
    """The same, with the device's own path from frame to decision."""

    def path(self) -> Judge:
        return this_path()
