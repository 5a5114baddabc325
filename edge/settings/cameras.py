"""Where frames come from: what all sources share, and each kind of camera's own settings."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Struct

from edge.settings.metadata import setting


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[camera]: where frames come from."""

    source: Annotated[
        str,
        setting(
            "picamera2, v4l2:/dev/video0, rtsp://HOST/PATH, http://HOST/PATH, file:clip.mp4, "
            "images:DIR@FPS or demo; a plain path is a file or a folder of images"
        ),
    ] = "picamera2"
    width: Annotated[int, setting("frame width to ask for, px", bounds=(64, 4096))] = 640
    height: Annotated[int, setting("frame height to ask for, px", bounds=(64, 4096))] = 480
    fps: Annotated[float, setting("frames per second to ask for", bounds=(1, 240))] = 30.0
    stall_s: Annotated[
        float,
        setting(
            "a live camera that gives no frame for this long is lost and opened again, and "
            "outputs go to their safe level, s; at least three frames",
            "longer than a busy board ever pauses, shorter than a gate should wait",
            bounds=(0.2, 20),
        ),
    ] = 2.0

    @property
    def shown_source(self) -> str:
        """The source without the name and password that an URL may hold."""
        return re.sub(r"^((?!images:|file:)\w+://).*@", r"\1", self.source)


class Picamera2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[picamera2]: Raspberry Pi cameras."""

    picture_scale: Annotated[
        int,
        setting(
            "snapshots are this many times as wide and high as the frames that are judged",
            "1280x960 shows a face well and keeps the sensor's whole field of view",
            bounds=(1, 8),
        ),
    ] = 2
    hflip: Annotated[bool, setting("mirror the picture; with vflip, for a camera upside down")] = (
        False
    )
    vflip: Annotated[bool, setting("turn the picture's top to its bottom")] = False
    exposure_us: Annotated[
        int,
        setting(
            "exposure time, us; 0 lets the camera choose",
            "a fixed one suits a place whose light never changes",
            bounds=(0, 200_000),
        ),
    ] = 0
    gain: Annotated[
        float, setting("analogue gain; 0 lets the camera choose", "as exposure_us", bounds=(0, 64))
    ] = 0.0
    tuning_file: Annotated[
        str,
        setting(
            "libcamera's tuning file for this camera; a relative path starts at the configuration "
            "file",
            "the one that came with libcamera",
        ),
    ] = ""


class V4l2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[v4l2]: USB webcams and other Video4Linux devices."""

    format: Annotated[
        Literal["auto", "YUYV", "MJPG"],
        setting(
            "pixel format to ask for; `smile-gate cameras` lists what a device has",
            "OpenCV's choice, YUYV before MJPG; many webcams reach 30 frames per second at "
            "1280x720 with MJPG only",
        ),
    ] = "auto"


class StreamSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[stream]: cameras in the network."""

    transport: Annotated[
        Literal["tcp", "udp"],
        setting("how RTSP sends pictures", "udp loses parts of pictures on a busy network"),
    ] = "tcp"
