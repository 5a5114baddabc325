"""A Raspberry Pi camera through picamera2 (Picamera2 manual, chapters 4 to 6)."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from edge.cameras.camera import Attached
from edge.errors import CameraError, MissingPackageError
from edge.settings import CameraSettings, Picamera2Settings
from edge.values import Frame, Grey, Picture


class Picamera2Camera:
    """A camera that libcamera finds; ``Frame.time`` is monotonic on arrival.

    Each request holds two pictures of one moment: a small YUV 4:2:0 picture ("lores"), whose luma
    is ``Frame.grey``, and a larger BGR picture ("main"), which ``Frame.picture`` copies on demand.
    The camera has a few requests only, so each frame must be released.

    Args:
        camera: size and rate of the frames.
        settings: mirroring, exposure, gain, tuning file, and size of the large picture.
        number: which camera, in the order of ``smile-gate cameras``, from 0.

    Raises:
        MissingPackageError: picamera2 is not installed.
        CameraError: there is no camera of this number, it is in use, or can't do what is set.
    """

    live = True

    def __init__(
        self, camera: CameraSettings, settings: Picamera2Settings, number: int = 0
    ) -> None:
        picamera2 = _picamera2()
        self._mapped = picamera2.MappedArray
        self._source = camera.source
        self._stall_s = camera.stall_s
        self.fps = camera.fps
        self._indices = count()
        self._camera: Any = None
        if settings.tuning_file and not Path(settings.tuning_file).is_file():
            raise CameraError(
                f"picamera2.tuning_file: expected a file, got none at {settings.tuning_file}",
                self._source,
            )
        try:
            self._camera = picamera2.Picamera2(number, tuning=settings.tuning_file or None)
            self._camera.configure(self._configuration(camera, settings))
            # libcamera may have adjusted the size to what the camera can do.
            self._width, self._height = self._camera.camera_configuration()["lores"]["size"]
            self._camera.start()
        except (IndexError, RuntimeError, OSError, ValueError) as error:
            self.close()
            raise CameraError(
                f"{self._source}: expected a camera, got: {error}", self._source
            ) from error

    def _configuration(self, camera: CameraSettings, settings: Picamera2Settings) -> Any:
        from libcamera import Transform

        controls: dict[str, float] = {"FrameRate": camera.fps}
        if settings.exposure_us:
            controls["ExposureTime"] = settings.exposure_us
        if settings.gain:
            controls["AnalogueGain"] = settings.gain
        scale = settings.picture_scale
        return self._camera.create_video_configuration(
            main={"size": (camera.width * scale, camera.height * scale), "format": "RGB888"},
            lores={"size": (camera.width, camera.height), "format": "YUV420"},
            transform=Transform(hflip=settings.hflip, vflip=settings.vflip),
            controls=controls,
        )

    def read(self) -> Frame | None:
        try:
            request = self._camera.capture_request(wait=self._stall_s)
        except (TimeoutError, CancelledError, RuntimeError, OSError) as error:
            raise CameraError(
                f"{self._source}: the camera stopped: {str(error) or type(error).__name__}",
                self._source,
            ) from error
        arrived = time.monotonic()
        try:
            with self._mapped(request, "lores") as mapped:
                luma = np.array(mapped.array[: self._height, : self._width], np.uint8, order="C")
        except BaseException:
            request.release()
            raise
        borrowed = _Request(request, luma)
        return Frame(next(self._indices), arrived, luma, borrowed.picture, borrowed.release)

    def close(self) -> None:
        if self._camera is not None:
            self._camera.cancel_all_and_flush()  # else close waits for a capture that timed out
            self._camera.close()
            self._camera = None


class _Request:
    """A request that a frame borrows from the camera until its release."""

    def __init__(self, request: Any, luma: Grey) -> None:
        self._request = request
        self._luma = luma

    def picture(self) -> Picture:
        """Return a copy of the large picture; the luma after the release, or after the camera was
        closed."""
        if self._request is None:
            return self._luma
        try:
            # What picamera2 calls RGB888 lies in memory as blue, green, red.
            return np.asarray(self._request.make_array("main"), np.uint8)
        except (RuntimeError, KeyError):  # the camera was closed since
            return self._luma

    def release(self) -> None:
        request, self._request = self._request, None
        if request is not None:
            with suppress(RuntimeError, AttributeError):  # the camera was closed since
                request.release()


def list_attached() -> Iterator[Attached]:
    """Yield the cameras that libcamera finds, with their sensors' modes; a camera that is in use
    is yielded without its modes.

    Raises:
        MissingPackageError: picamera2 is not installed.
    """
    opened = _picamera2().Picamera2
    for number, info in enumerate(opened.global_camera_info()):
        modes: tuple[str, ...] = ()
        with suppress(RuntimeError, OSError), closing(opened(number)) as camera:
            modes = tuple(
                "{}x{} at {:.3g} fps".format(*mode["size"], mode["fps"])
                for mode in camera.sensor_modes
                if "size" in mode  # the modes of a USB camera have no size
            )
        yield Attached(f"picamera2:{number}", str(info.get("Model", info["Id"])), modes)


def _picamera2() -> Any:
    try:
        import picamera2
    except (ImportError, ValueError) as error:  # ValueError: it was built for another NumPy
        raise MissingPackageError(
            f"picamera2: expected the package, got: {error}; "
            "on Raspberry Pi OS: apt install python3-picamera2",
            name="picamera2",
        ) from error
    logging.getLogger("picamera2").setLevel(logging.WARNING)
    return picamera2
