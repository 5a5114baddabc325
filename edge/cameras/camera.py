"""What every camera is to the pipeline."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from edge.values import Frame


class Camera(Protocol):
    """A source of frames, open from construction until ``close``.

    Attributes:
        live: True when frames come at their own pace, False when they can be read at any.
        fps: frames per second the source gives, or is meant to be played at.
    """

    live: bool
    fps: float

    def read(self) -> Frame | None:
        """Return the next frame, None at the end of the source.

        Raises:
            CameraError: the source stopped delivering before its end.
            FrameError: this was no picture, the next may be one.
            ImageError: an image of a folder can't be read.
        """

    def close(self) -> None:
        """Release the source; may be called more than once."""


class Attached(Struct, frozen=True):
    """A camera that is attached.

    Attributes:
        source: its SPEC.
        name: what it calls itself.
        modes: what it can do, in words, a format or a sensor mode each.
    """

    source: str
    name: str
    modes: tuple[str, ...]
