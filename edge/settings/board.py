"""What the gate does when its board gets hot."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class BoardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[board]: what the gate does when its board gets hot.

    Attributes:
        hot_c: fewer frames are processed at this temperature or above, degrees Celsius. Why: a
            Raspberry Pi slows itself down from 80 on.
        hot_fps: most frames per second to process at that temperature. Why: smiles last longer than
            the 0.1 s between two frames.
    """

    hot_c: Annotated[float, Meta(ge=40, le=120)] = 78.0
    hot_fps: Annotated[float, Meta(ge=1, le=240)] = 10.0
