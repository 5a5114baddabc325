"""The interface of cameras."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from msgspec import Struct

from edge.values import Frame


class Camera(Protocol):
    """A source of frames, open from construction until ``close``.

    Attributes:
        live: True when frames arrive at the source's own pace, False when they can be read at any
            pace.
        fps: frames per second that the source gives, or is meant to be played at.
    """

    live: bool
    fps: float

    def read(self) -> Frame | None:
        """Return the next frame, which the caller must release, or None at the end of the source.

        Raises:
            CameraError: the source stopped delivering before its end.
            FrameError: what arrived is no picture; the next read may give a frame.
            ImageError: an image of a folder can't be read.
        """

    def close(self) -> None:
        """Release the source; may be called more than once."""


@runtime_checkable
class Counted(Protocol):
    """A recorded source that knows its length.

    Attributes:
        frame_count: number of its frames, perhaps a few too many; 0 where it does not say.
    """

    frame_count: int


class Attached(Struct, frozen=True):
    """A camera that is attached to this machine.

    Attributes:
        source: the SPEC that opens the camera.
        name: the device's own name.
        modes: its pixel formats or sensor modes, in words.
    """

    source: str
    name: str
    modes: tuple[str, ...]
