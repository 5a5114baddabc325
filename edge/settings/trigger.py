"""When a smile fires."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from edge.errors import ConfigError
from edge.settings.metadata import between, meaning, why


class TriggerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[trigger]: when a smile fires."""

    threshold_on: Annotated[
        float,
        between(0, 1),
        meaning("a smile starts at this smoothed score or above"),
        why("few neutral faces reach it; `calibrate` proposes a threshold for your place"),
    ] = 0.8
    threshold_off: Annotated[
        float,
        between(0, 1),
        meaning("a smile ends below this smoothed score; at most threshold_on"),
        why("far enough below threshold_on that one smile does not count as several"),
    ] = 0.4
    smoothing_s: Annotated[
        float,
        between(0, 10),
        meaning("time constant of the smoothing of scores, s; 0 for no smoothing"),
        why("about three frames: a single wrong score starts no smile"),
    ] = 0.1
    hold_s: Annotated[
        float,
        between(0, 60),
        meaning("how long a smile must last before it fires, s"),
        why("a spoken vowel is shorter, and nobody waits noticeably"),
    ] = 0.3
    cooldown_s: Annotated[
        float,
        between(0, 3600),
        meaning("shortest time between two firings, s"),
        why("time for a camera to save and for people to look up again"),
    ] = 3.0
    bridge_s: Annotated[
        float,
        between(0, 2),
        meaning("a face unseen for no longer than this keeps its state, s"),
        why("a short gap in detection; too short to swap a face for a photo"),
    ] = 0.3
    jump_widths: Annotated[
        float,
        between(0.1, 10),
        meaning(
            "a face that moves, grows or shrinks by more than this many of its widths between two"
            " detections counts as another face"
        ),
        why(
            "boxes jitter by a tenth; a face that passes the camera moves by a quarter in each "
            "frame"
        ),
    ] = 0.5
    min_face_px: Annotated[
        int,
        between(0, 2000),
        meaning("narrower faces are ignored, in frame pixels"),
        why("every detected face counts; with a larger value only near faces fire"),
    ] = 0
    who: Annotated[
        Literal["any", "largest", "all", "count"],
        meaning(
            "whose smile fires: any face's, the largest face's, all faces' at once, or `count` "
            "faces' at once"
        ),
        why("most devices see one person at a time"),
    ] = "any"
    count: Annotated[
        int,
        between(1, 100),
        meaning("how many faces must smile with who = count"),
        why("the smallest group"),
    ] = 2
    neutral_first: Annotated[
        bool | None,
        meaning(
            "a face fires only after it was seen not smiling, without a gap: a printed smile does"
            " not fire"
        ),
        why(
            "true with a gate, which a photo must not open; else false, as people enter a photo "
            "booth smiling"
        ),
    ] = None
    neutral_s: Annotated[
        float,
        between(0, 60),
        meaning("how long a face must be seen not smiling with neutral_first, s"),
        why("the score of a shaken photo drops for less; people walk up to a gate for longer"),
    ] = 0.7
    max_per_minute: Annotated[
        int,
        between(1, 600),
        meaning("more firings than this in 60 s are a fault: outputs stay safe for 60 s"),
        why("people do not smile anew every four seconds"),
    ] = 15

    def __post_init__(self) -> None:
        if self.threshold_off > self.threshold_on:
            raise ConfigError(
                f"expected at most threshold_on ({self.threshold_on}), got {self.threshold_off}",
                "threshold_off",
            )
