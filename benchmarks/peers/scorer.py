"""The interface of a peer."""

from __future__ import annotations

from abc import ABC, abstractmethod

from benchmarks.measure.paths import FramePath, whole_frame_path
from edge.values import Box, Grey


class Scorer(ABC):
    """Scores how much a face smiles.

    Attributes:
        version: of the model or package.
        threshold: the lowest score of a smile.

    Raises:
        MissingPackageError: a package or file that the peer needs is not installed.
    """

    version: str
    threshold: float

    @abstractmethod
    def score(self, grey: Grey, box: Box) -> float | None:
        """Score the face in a box of a picture; None if the peer detects no face there."""

    def path(self) -> FramePath:
        """Return the peer's path through frames, by default the path of webcam demos."""
        return whole_frame_path(self.score)

    def close(self) -> None:  # noqa: B027  (most peers have nothing open)
        """Close what the peer has open."""
