"""What the gate does when its board gets hot."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from edge.settings.metadata import setting


class BoardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[board]: what is done when the board gets hot."""

    hot_c: Annotated[
        float,
        setting(
            "fewer frames are judged at this temperature or above, degrees Celsius",
            "a Raspberry Pi slows itself from 80 on",
            bounds=(40, 120),
        ),
    ] = 78.0
    hot_fps: Annotated[
        float,
        setting(
            "frames per second to judge then at most",
            "smiles last longer than its pause",
            bounds=(1, 240),
        ),
    ] = 10.0
