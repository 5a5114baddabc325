"""Where frames come from: what all sources share, and each kind of camera's own settings."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Struct

from edge.settings.metadata import between, meaning, why


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[camera]: where frames come from."""

    source: Annotated[
        str,
        meaning(
            "picamera2, v4l2:/dev/video0, rtsp://HOST/PATH, http://HOST/PATH, file:clip.mp4, "
            "images:DIR@FPS or demo; a plain path is a file or a folder of images"
        ),
    ] = "picamera2"
    width: Annotated[int, between(64, 4096), meaning("frame width to ask for, px")] = 640
    height: Annotated[int, between(64, 4096), meaning("frame height to ask for, px")] = 480
    fps: Annotated[float, between(1, 240), meaning("frames per second to ask for")] = 30.0
    stall_s: Annotated[
        float,
        between(0.2, 20),
        meaning(
            "time without a frame after which a live camera is lost, s: outputs go to their safe "
            "level and the camera is opened again; at least three frames"
        ),
        why("longer than any pause of a busy board, shorter than a gate should wait"),
    ] = 2.0

    @property
    def shown_source(self) -> str:
        """The source without the name and password that a URL may contain."""
        return re.sub(r"^((?!images:|file:)\w+://).*@", r"\1", self.source)


class Picamera2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[picamera2]: Raspberry Pi cameras."""

    picture_scale: Annotated[
        int,
        between(1, 8),
        meaning("width and height of snapshots, as a multiple of those of the frames"),
        why("1280x960 shows a face well and keeps the sensor's whole field of view"),
    ] = 2
    hflip: Annotated[
        bool,
        meaning("mirror the frame left to right; with vflip: for a camera mounted upside down"),
    ] = False
    vflip: Annotated[bool, meaning("mirror the frame top to bottom")] = False
    exposure_us: Annotated[
        int,
        between(0, 200_000),
        meaning("exposure time, us; 0 lets the camera choose"),
        why("a fixed exposure suits constant light only"),
    ] = 0
    gain: Annotated[
        float,
        between(0, 64),
        meaning("analogue gain; 0 lets the camera choose"),
        why("a fixed gain suits constant light only"),
    ] = 0.0
    tuning_file: Annotated[
        str,
        meaning(
            "libcamera's tuning file for this camera; a relative path starts at the configuration "
            "file"
        ),
        why("the file that comes with libcamera"),
    ] = ""


class V4l2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[v4l2]: USB webcams and other Video4Linux devices."""

    format: Annotated[
        Literal["auto", "YUYV", "MJPG"],
        meaning("pixel format to ask for; `smile-gate cameras` lists what a device has"),
        why(
            "OpenCV chooses, YUYV before MJPG; many webcams reach 30 frames per second at "
            "1280x720 with MJPG only"
        ),
    ] = "auto"


class StreamSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[stream]: network cameras."""

    transport: Annotated[
        Literal["tcp", "udp"],
        meaning("transport protocol of RTSP"),
        why("udp loses parts of frames on a busy network"),
    ] = "tcp"
