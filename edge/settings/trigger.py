"""When a smile fires."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from edge.errors import ConfigError
from edge.settings.metadata import setting


class TriggerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[trigger]: when a smile fires."""

    threshold_on: Annotated[
        float,
        setting(
            "a smile starts at this smoothed score or above",
            "few faces at rest reach it; `calibrate` proposes one for your place",
            bounds=(0, 1),
        ),
    ] = 0.8
    threshold_off: Annotated[
        float,
        setting(
            "a smile ends below this smoothed score; at most threshold_on",
            "far enough below that one smile does not flicker into several",
            bounds=(0, 1),
        ),
    ] = 0.4
    smoothing_s: Annotated[
        float,
        setting(
            "time constant of the scores' smoothing, s; 0 takes them as they are",
            "some three frames: a single wrong score starts no smile",
            bounds=(0, 10),
        ),
    ] = 0.1
    hold_s: Annotated[
        float,
        setting(
            "how long a smile must last before it fires, s",
            "a spoken vowel is shorter, and nobody waits noticeably",
            bounds=(0, 60),
        ),
    ] = 0.3
    cooldown_s: Annotated[
        float,
        setting(
            "shortest time between two firings, s",
            "time for a camera to save and for people to look up again",
            bounds=(0, 3600),
        ),
    ] = 3.0
    bridge_s: Annotated[
        float,
        setting(
            "a face unseen for no longer than this goes on as it was, s",
            "a blink of the face finder; not the time to swap a face for a photo",
            bounds=(0, 2),
        ),
    ] = 0.3
    jump_widths: Annotated[
        float,
        setting(
            "a face that moves, grows or shrinks by more of its widths between two sightings is "
            "taken for another",
            "boxes tremble by a tenth; a face passing the camera moves a quarter a frame",
            bounds=(0.1, 10),
        ),
    ] = 0.5
    min_face_px: Annotated[
        int,
        setting(
            "narrower faces are as if they were not there, in frame pixels",
            "all that are found; raise it to let only those near by fire",
            bounds=(0, 2000),
        ),
    ] = 0
    who: Annotated[
        Literal["any", "largest", "all", "count"],
        setting(
            "whose smile fires: any face's, the largest's, all faces' at once, or `count` faces' "
            "at once",
            "one person in front of it is what most devices meet",
        ),
    ] = "any"
    count: Annotated[
        int,
        setting(
            "how many faces must smile with who = count",
            "the fewest that is not one",
            bounds=(1, 100),
        ),
    ] = 2
    neutral_first: Annotated[
        bool | None,
        setting(
            "only a face seen not smiling before, as one track, fires: a printed smile does not",
            "true when there is a gate, where a photo must not do, and else false, as people come "
            "smiling into a photo booth",
        ),
    ] = None
    neutral_s: Annotated[
        float,
        setting(
            "how long a face must be seen not smiling with neutral_first, s",
            "a shaken photo's score dips for shorter; people come up to a gate for longer",
            bounds=(0, 60),
        ),
    ] = 0.7
    max_per_minute: Annotated[
        int,
        setting(
            "more firings than this in 60 s are a fault: outputs stay safe for 60 s",
            "one each four seconds is nobody's pleasure",
            bounds=(1, 600),
        ),
    ] = 15

    def __post_init__(self) -> None:
        if self.threshold_off > self.threshold_on:
            raise ConfigError(
                f"expected at most threshold_on ({self.threshold_on}), got {self.threshold_off}",
                "threshold_off",
            )
