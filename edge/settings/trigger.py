"""When a smile fires."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge.errors import ConfigError


class TriggerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[trigger]: when a smile fires.

    Attributes:
        threshold_on: a smile starts at this smoothed score or above. Why: few neutral faces reach
            it; `calibrate` proposes a threshold for your place.
        threshold_off: a smile ends below this smoothed score; at most threshold_on. Why: far enough
            below threshold_on that one smile does not count as several.
        smoothing_s: time constant of the smoothing of scores, s; 0 for no smoothing. Why: about
            three frames: a single wrong score starts no smile.
        hold_s: how long a smile must last before it fires, s. Why: a spoken vowel is shorter, and
            nobody waits noticeably.
        cooldown_s: shortest time between two firings, s. Why: time for a camera to save and for
            people to look up again.
        bridge_s: a face unseen for no longer than this keeps its state, s. Why: a short gap in
            detection; too short to swap a face for a photo.
        jump_widths: a face that moves, grows or shrinks by more than this many of its widths
            between two detections counts as another face. Why: boxes jitter by a tenth; a face that
            passes the camera moves by a quarter in each frame.
        min_face_px: narrower faces are ignored, in frame pixels. Why: every detected face counts;
            with a larger value only near faces fire.
        who: whose smile fires: any face's, the largest face's, all faces' at once, or `count`
            faces' at once. Why: most devices see one person at a time.
        count: how many faces must smile with who = count. Why: the smallest group.
        neutral_first: a face fires only after it was seen not smiling, without a gap: a printed
            smile does not fire. Why: true with a gate, which a photo must not open, and with a key,
            where each press must be meant; else false, as people enter a photo booth smiling.
        neutral_s: how long a face must be seen not smiling with neutral_first, s. Why: the score of
            a shaken photo drops for less; people walk up to a gate for longer.
        max_per_minute: more firings than this in 60 s are a fault: outputs stay safe for 60 s. Why:
            people do not smile anew every four seconds.
    """

    threshold_on: Annotated[float, Meta(ge=0, le=1)] = 0.8
    threshold_off: Annotated[float, Meta(ge=0, le=1)] = 0.4
    smoothing_s: Annotated[float, Meta(ge=0, le=10)] = 0.1
    hold_s: Annotated[float, Meta(ge=0, le=60)] = 0.3
    cooldown_s: Annotated[float, Meta(ge=0, le=3600)] = 3.0
    bridge_s: Annotated[float, Meta(ge=0, le=2)] = 0.3
    jump_widths: Annotated[float, Meta(ge=0.1, le=10)] = 0.5
    min_face_px: Annotated[int, Meta(ge=0, le=2000)] = 0
    who: Literal["any", "largest", "all", "count"] = "any"
    count: Annotated[int, Meta(ge=1, le=100)] = 2
    neutral_first: bool | None = None
    neutral_s: Annotated[float, Meta(ge=0, le=60)] = 0.7
    max_per_minute: Annotated[int, Meta(ge=1, le=600)] = 15

    def __post_init__(self) -> None:
        if self.threshold_off > self.threshold_on:
            raise ConfigError(
                f"expected at most threshold_on ({self.threshold_on}), got {self.threshold_off}",
                "threshold_off",
            )
