"""What the gate does when its board gets hot."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from edge.settings.metadata import between, meaning, why


class BoardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[board]: what the gate does when its board gets hot."""

    hot_c: Annotated[
        float,
        between(40, 120),
        meaning("fewer frames are processed at this temperature or above, degrees Celsius"),
        why("a Raspberry Pi slows itself down from 80 on"),
    ] = 78.0
    hot_fps: Annotated[
        float,
        between(1, 240),
        meaning("most frames per second to process at that temperature"),
        why("smiles last longer than the 0.1 s between two frames"),
    ] = 10.0
