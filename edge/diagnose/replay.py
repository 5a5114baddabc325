"""Scores the firings of a recorded clip against a person's labels."""

from __future__ import annotations

import codecs
import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from edge.diagnose.trace import Step
from edge.errors import TruthError
from edge.regular_file import MIB, read_regular


class Truth(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of labels: start and end of each smile, in seconds of the clip, in order."""

    smiles: list[tuple[float, float]]


class Miss(Struct, frozen=True):
    """A smile without a firing in time: its start and end, in seconds.

    Attributes:
        score: the highest smoothed score while a firing was awaited or the smile lasted, 0.0 to
            1.0; None if no face was seen.
        time: of that score, in seconds.
    """

    start: float
    end: float
    score: float | None
    time: float | None


class FalseFiring(Struct, frozen=True):
    """A firing without a smile: its time in seconds, the face that fired, and the highest smoothed
    score of that frame, 0.0 to 1.0."""

    time: float
    face: int | None
    score: float


class Result(Struct, frozen=True):
    """The score of a clip.

    Attributes:
        hits: number of smiles with a firing in time.
        misses: number of smiles without a firing in time.
        false_firings: number of all other firings.
        hours: length of the clip.
        latencies_s: seconds from the start of a smile to its firing, for each hit.
        missed: each miss, in the order of the smiles.
        fired_falsely: each false firing, in the order of time.
    """

    hits: int
    misses: int
    false_firings: int
    hours: float
    latencies_s: list[float]
    missed: list[Miss] = []
    fired_falsely: list[FalseFiring] = []

    def lines(self) -> list[str]:
        """Return the result as lines of text."""
        per_hour = self.false_firings / self.hours
        lines = [
            f"hits            {self.hits}",
            f"misses          {self.misses}",
            *(_describe_miss(miss) for miss in self.missed),
            f"false firings   {self.false_firings} in {self.hours * 3600:.1f} s: "
            f"{per_hour:.1f} an hour",
            *(
                f"  at {false.time:.2f} s: face {false.face}, score {false.score:.2f}"
                for false in self.fired_falsely
            ),
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
        text = read_regular(path, at_most=16 * MIB).removeprefix(codecs.BOM_UTF8)
        smiles = msgspec.json.decode(text, type=Truth).smiles
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
    steps: Sequence[Step],
    smiles: Sequence[tuple[float, float]],
    length_s: float,
    within_s: float,
) -> Result:
    """Match firings with smiles: the first firing within ``within_s`` of the start of a smile is a
    hit; every other firing is false.

    Args:
        steps: what was judged on each frame of the clip.
        smiles: start and end of each smile in seconds, in order.
        length_s: length of the clip in seconds.
        within_s: longest time from the start of a smile to its firing, in seconds.
    """
    free = [step.decision for step in steps if step.decision.fire]
    latencies, missed = [], []
    for start, end in smiles:
        until = start + within_s
        hit = next((firing for firing in free if start <= firing.time <= until), None)
        if hit is not None:
            free.remove(hit)
            latencies.append(round(hit.time - start, 4))
        else:
            missed.append(_miss(steps, start, end, max(end, until)))
    return Result(
        hits=len(latencies),
        misses=len(smiles) - len(latencies),
        false_firings=len(free),
        hours=length_s / 3600,
        latencies_s=latencies,
        missed=missed,
        fired_falsely=[
            FalseFiring(round(firing.time, 4), firing.face, round(firing.score, 4))
            for firing in free
        ],
    )


def _miss(steps: Sequence[Step], start: float, end: float, until: float) -> Miss:
    seen = [step.decision for step in steps if step.scores and start <= step.decision.time <= until]
    if not seen:
        return Miss(start, end, None, None)
    best = max(seen, key=lambda decision: decision.score)
    return Miss(start, end, round(best.score, 4), round(best.time, 4))


def _describe_miss(miss: Miss) -> str:
    why = "no face was seen"
    if miss.score is not None:
        why = f"highest score {miss.score:.2f}, at {miss.time:.2f} s"
    return f"  {miss.start:.2f} to {miss.end:.2f} s: {why}"
