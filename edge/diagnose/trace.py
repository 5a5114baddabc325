"""What was judged on each frame of a recorded clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from edge.values import Decision, Frame, SmileScore


class Step(Struct, frozen=True):
    """What was judged on one frame: the decision, and each face's score by its id."""

    decision: Decision
    scores: Mapping[int, float]


class Trace(list[Step]):
    """The steps of a clip in the order of its frames; a watcher of ``Pipeline``."""

    def __call__(self, _: Frame, scores: Sequence[SmileScore], decision: Decision) -> None:
        self.append(Step(decision, {scored.face.id: scored.score for scored in scores}))
