"""Scores the firings of a recorded clip against a person's labels."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from edge.errors import TruthError
from edge.regular_file import MIB, read_regular


class Truth(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of labels: start and end of each smile, in seconds of the clip, in order."""

    smiles: list[tuple[float, float]]


class Result(Struct, frozen=True):
    """The score of a clip.

    Attributes:
        hits: number of smiles with a firing in time.
        misses: number of smiles without a firing in time.
        false_firings: number of all other firings.
        hours: length of the clip.
        latencies_s: seconds from the start of a smile to its firing, for each hit.
    """

    hits: int
    misses: int
    false_firings: int
    hours: float
    latencies_s: list[float]

    def lines(self) -> list[str]:
        """Return the result as lines of text."""
        per_hour = self.false_firings / self.hours
        lines = [
            f"hits            {self.hits}",
            f"misses          {self.misses}",
            f"false firings   {self.false_firings} in {self.hours * 3600:.1f} s: "
            f"{per_hour:.1f} an hour",
        ]
        if self.latencies_s:
            lines.append(
                f"smile to pulse  median {statistics.median(self.latencies_s):.3f} s, "
                f"worst {max(self.latencies_s):.3f} s"
            )
        return lines


def read_truth(path: Path) -> list[tuple[float, float]]:
    """Return the start and end of each smile in a file of labels, in seconds and in order.

    Raises:
        TruthError: the file is missing or not valid.
    """
    try:
        smiles = msgspec.json.decode(read_regular(path, at_most=16 * MIB), type=Truth).smiles
    except OSError as error:
        raise TruthError(f"{path}: expected a file of labels, got: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TruthError(
            f'{path}: expected {{"smiles": [[start, end], ...]}}, got: {error}'
        ) from error
    ended = 0.0
    for start, end in smiles:
        if not ended <= start < end:
            raise TruthError(
                f"{path}: expected smiles as [start, end] in seconds, one after the other, "
                f"got [{start:g}, {end:g}] after {ended:g} s"
            )
        ended = end
    return smiles


def score(
    firings: Sequence[float],
    smiles: Sequence[tuple[float, float]],
    length_s: float,
    within_s: float,
) -> Result:
    """Match firings with smiles: the first firing within ``within_s`` of the start of a smile is a
    hit; every other firing is false.

    Args:
        firings: their times in seconds.
        smiles: start and end of each smile in seconds, in order.
        length_s: length of the clip in seconds.
        within_s: longest time from the start of a smile to its firing, in seconds.
    """
    free = sorted(firings)
    latencies = []
    for start, _ in smiles:
        hit = next((time for time in free if start <= time <= start + within_s), None)
        if hit is not None:
            free.remove(hit)
            latencies.append(round(hit - start, 4))
    return Result(
        hits=len(latencies),
        misses=len(smiles) - len(latencies),
        false_firings=len(free),
        hours=length_s / 3600,
        latencies_s=latencies,
    )
