"""Where frames come from: what all sources share, and each kind of camera's own settings."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge.settings.secrets import hide_in_url


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[camera]: where frames come from.

    Attributes:
        source: picamera2, v4l2:/dev/video0, rtsp://HOST/PATH, http://HOST/PATH, file:clip.mp4,
            images:DIR@FPS or demo; a plain path is a file or a folder of images.
        width: frame width to ask for, px.
        height: frame height to ask for, px.
        fps: frames per second to ask for.
        stall_s: time without a frame after which a live camera is lost, s: outputs go to their safe
            level and the camera is opened again; at least three frames. Why: longer than any pause
            of a busy board, shorter than a gate should wait.
    """

    source: str = "picamera2"
    width: Annotated[int, Meta(ge=64, le=4096)] = 640
    height: Annotated[int, Meta(ge=64, le=4096)] = 480
    fps: Annotated[float, Meta(ge=1, le=240)] = 30.0
    stall_s: Annotated[float, Meta(ge=0.2, le=20)] = 2.0

    @property
    def shown_source(self) -> str:
        """The source, of a URL without user info and without the values of its query."""
        is_url = re.match(r"(?!images:|file:)\w+://", self.source)
        return hide_in_url(self.source) if is_url else self.source


class Picamera2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[picamera2]: Raspberry Pi cameras.

    Attributes:
        picture_scale: width and height of snapshots, as a multiple of those of the frames. Why:
            1280x960 shows a face well and keeps the sensor's whole field of view.
        hflip: mirror the frame left to right; with vflip: for a camera mounted upside down.
        vflip: mirror the frame top to bottom.
        exposure_us: exposure time, us; 0 lets the camera choose. Why: a fixed exposure suits
            constant light only.
        gain: analogue gain; 0 lets the camera choose. Why: a fixed gain suits constant light only.
        tuning_file: libcamera's tuning file for this camera; a relative path starts at the
            configuration file. Why: the file that comes with libcamera.
    """

    picture_scale: Annotated[int, Meta(ge=1, le=8)] = 2
    hflip: bool = False
    vflip: bool = False
    exposure_us: Annotated[int, Meta(ge=0, le=200_000)] = 0
    gain: Annotated[float, Meta(ge=0, le=64)] = 0.0
    tuning_file: str = ""


class V4l2Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """[v4l2]: USB webcams and other Video4Linux devices.

    Attributes:
        format: pixel format to ask for; `smile-gate cameras` lists what a device has. Why: OpenCV
            chooses, YUYV before MJPG; many webcams reach 30 frames per second at 1280x720 with MJPG
            only.
    """

    format: Literal["auto", "YUYV", "MJPG"] = "auto"


class StreamSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[stream]: network cameras.

    Attributes:
        transport: transport protocol of RTSP. Why: udp loses parts of frames on a busy network.
    """

    transport: Literal["tcp", "udp"] = "tcp"
