"""The values that travel from stage to stage. All are immutable."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, Self, get_args

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""A grey (luma) image, shape (height, width), uint8, 0 black to 255 white."""

Picture = NDArray[np.uint8]
"""A picture for people, uint8: BGR of shape (height, width, 3), or grey, (height, width)."""

Facts = Mapping[str, int | float | str]
"""What an event says beside its name and time, by key."""

Fault = Literal["camera", "stalled", "rate", "output"]
"""What is wrong, worst first: the camera is lost, no frame was processed for too long, there were
too many firings in a minute, or an output failed."""
FAULTS: tuple[Fault, ...] = get_args(Fault)

EventName = Literal[
    "face_found",
    "face_lost",
    "smile_on",
    "smile_off",
    "countdown",
    "cancelled",
    "fired",
    "released",
    "saved",
    "fault",
    "fault_over",
    "camera_lost",
    "camera_back",
    "armed",
    "disarmed",
]


class Box(NamedTuple):
    """A rectangle in pixels: left edge x, top edge y, width w, height h; origin top left."""

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> int:
        return self.w * self.h

    def cut(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a view of the part of a picture that lies in the box; the view may be empty."""
        left, top = max(0, self.x), max(0, self.y)
        return picture[top : max(0, self.y + self.h), left : max(0, self.x + self.w)]

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, 0.0 (apart) to 1.0 (equal)."""
        across = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        down = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if across <= 0 or down <= 0:
            return 0.0
        shared = across * down
        return shared / (self.area + other.area - shared)


class Frame(Struct, frozen=True, eq=False):
    """One picture from a camera.

    A frame may occupy one of the few buffers that a camera fills, and a camera without a free
    buffer gives no more frames. So whoever gets a frame from ``Camera.read`` owns it and releases
    it as soon as it is processed, best with ``with frame:``; whoever is handed a frame by its owner
    copies what is needed later. ``grey`` stays valid after the release, ``picture`` need not be in
    colour any more. Where a camera lends no buffer, a release does nothing.

    Attributes:
        index: counts frames of this source from 0.
        time: seconds; monotonic clock for a live camera, the container's for a video, index / fps
            for images.
        grey: the picture, uint8 luma of shape (height, width).
        main: returns the same picture in BGR, larger where the camera has a second stream for
            people; computed at each call. None where grey is all there is.
        give_back: returns the buffer to the camera; called by ``release``. None where there is
            no buffer to return.
    """

    index: int
    time: float
    grey: Grey
    main: Callable[[], Picture] | None = None
    give_back: Callable[[], None] | None = None

    @property
    def picture(self) -> Picture:
        """The best picture of this moment: ``main`` where there is one, else ``grey``."""
        return self.grey if self.main is None else self.main()

    def release(self) -> None:
        """Return the frame's buffer to the camera; may be called more than once."""
        if self.give_back is not None:
            self.give_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Face(Struct, frozen=True):
    """A face seen in one frame.

    Attributes:
        id: counts faces from 1; the same number as long as the tracker takes it for the same face.
        box: the face's rectangle in the frame, in pixels.
        confidence: the detector's own measure, larger is surer; comparable only within one
            detector.
    """

    id: int
    box: Box
    confidence: float


class SmileScore(Struct, frozen=True):
    """How much a face smiles: ``score`` from 0.0 (no smile) to 1.0 (a sure smile)."""

    face: Face
    score: float


class Decision(Struct, frozen=True):
    """What the trigger decided on one frame.

    Attributes:
        time: the frame's time in seconds.
        fire: True on the one frame that fires the outputs.
        face: id of the face that fires, None when nothing does.
        smile_on: ids of the faces whose smile starts with this frame.
        smile_off: ids of the faces whose smile ends with this frame.
        smiling: True while a smile that fired lasts.
        score: the highest smoothed score of the faces that are large enough, 0.0 to 1.0.
        too_many: True while firings are refused because there were too many in a minute.
        scores: of the frame's faces that are large enough, not smoothed.
    """

    time: float
    fire: bool = False
    face: int | None = None
    smile_on: tuple[int, ...] = ()
    smile_off: tuple[int, ...] = ()
    smiling: bool = False
    score: float = 0.0
    too_many: bool = False
    scores: tuple[SmileScore, ...] = ()


class Event(Struct, frozen=True):
    """What happened: a name, the time in seconds on the frames' clock, and the facts.

    As a line it is the contract of ``docs/event.schema.json``."""

    time: float
    name: EventName
    facts: Facts = msgspec.field(default_factory=dict)

    def line(self) -> bytes:
        """Return the event as one JSON object and a line feed."""
        record = {"time": round(self.time, 4), "event": self.name, **self.facts}
        return json.dumps(record).encode() + b"\n"

    def stamped(self, device: str) -> Event:
        """Return the event with two more facts: ``at``, its ``wall_time``, and ``device``.

        Args:
            device: name of the device. Empty if the frames are a recorded source's: their time is
                not the wall clock's, and the event stays as it is.
        """
        if not device:
            return self
        return replace(self, facts={"at": wall_time(self.time), "device": device, **self.facts})


def wall_time(time: float) -> str:
    """Return what the wall clock showed at a time of the monotonic clock, given in seconds.

    Returns:
        RFC 3339 in UTC with milliseconds: ``2026-01-31T12:34:56.789Z``. It is computed from what
        the wall clock shows now, so a clock that was set in between counts as always right.
    """
    then = datetime.now(UTC) - timedelta(seconds=clock.monotonic() - time)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")
