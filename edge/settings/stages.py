"""Settings of the stages from camera to trigger."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Struct

from edge.settings.meaning import setting

SHIPPED_BUNDLE = Path(__file__).resolve().parents[2] / "models" / "smilenet"


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[camera]: where frames come from."""

    source: Annotated[
        str,
        setting(
            "picamera2, v4l2:/dev/video0, rtsp://HOST/PATH, http://HOST/PATH, file:clip.mp4, "
            "images:DIR@FPS or demo; a plain path is a file or a folder of images"
        ),
    ] = "picamera2"
    width: Annotated[int, setting("frame width to ask for, px", ge=64, le=4096)] = 640
    height: Annotated[int, setting("frame height to ask for, px", ge=64, le=4096)] = 480
    fps: Annotated[float, setting("frames per second to ask for", ge=1, le=240)] = 30.0
    stall_s: Annotated[
        float,
        setting(
            "a live camera that gives no frame for this long is lost and opened again, and "
            "outputs go to their safe level, s; at least three frames",
            "longer than a busy board ever pauses, shorter than a gate should wait",
            ge=0.2,
            le=20,
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
            ge=1,
            le=8,
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
            ge=0,
            le=200_000,
        ),
    ] = 0
    gain: Annotated[
        float, setting("analogue gain; 0 lets the camera choose", "as exposure_us", ge=0, le=64)
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


class BoardSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[board]: what is done when the board gets hot."""

    hot_c: Annotated[
        float,
        setting(
            "fewer frames are judged at this temperature or above, degrees Celsius",
            "a Raspberry Pi slows itself from 80 on",
            ge=40,
            le=120,
        ),
    ] = 78.0
    hot_fps: Annotated[
        float,
        setting(
            "frames per second to judge then at most",
            "smiles last longer than its pause",
            ge=1,
            le=240,
        ),
    ] = 10.0


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the network that scores smiles."""

    bundle: Annotated[
        str, setting("bundle folder; a relative path starts at the configuration file")
    ] = str(SHIPPED_BUNDLE)
    threads: Annotated[int, setting("interpreter threads", ge=1, le=8)] = 1
    edge_tpu: Annotated[
        Literal["auto", "off", "usb"],
        setting(
            "where the model runs: auto takes a Coral accelerator on USB, if one works and the "
            "bundle has a model compiled for it, else the CPU; usb insists on one; off is the CPU",
            "a gate shall work without its accelerator too",
        ),
    ] = "auto"


class FaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[faces]: the face finder and the tracks."""

    detector: Annotated[
        Literal["haar", "yunet"],
        setting(
            "what finds faces: OpenCV's Haar cascade, or the network YuNet",
            "it needs no file but OpenCV's own",
        ),
    ] = "haar"
    cascade: Annotated[
        str | None,
        setting(
            "cascade file for haar; a relative path starts at the configuration file",
            "haarcascade_frontalface_alt2.xml, which comes with OpenCV",
        ),
    ] = None
    yunet_model: Annotated[
        str | None,
        setting("ONNX file for yunet; a relative path starts at the configuration file"),
    ] = None
    min_confidence: (
        Annotated[
            float,
            setting(
                "least confidence of a new face, in the detector's own measure",
                "3 for haar, 0.7 for yunet, whose measure ends at 1",
                ge=0,
                le=1000,
            ),
        ]
        | None
    ) = None
    threads: Annotated[
        int,
        setting(
            "threads of OpenCV, for all that the process does with it",
            "more make little of this faster, and the rest of the board slower",
            ge=1,
            le=8,
        ),
    ] = 1
    min_face_px: Annotated[
        int, setting("smallest face to look for, in frame pixels", ge=20, le=2000)
    ] = 80
    search_width: Annotated[
        int,
        setting(
            "wider frames are scaled down to this for the search, px",
            "faces of 80 px are still found in frames 1,900 px wide",
            ge=160,
            le=4096,
        ),
    ] = 480
    scale_factor: Annotated[
        float,
        setting(
            "ratio between searched face sizes",
            "what is found is looked at closely, so the search may be coarse",
            ge=1.01,
            le=2.0,
        ),
    ] = 1.15
    min_neighbors: Annotated[
        int, setting("more cascade windows than these must agree on a new face", ge=1, le=50)
    ] = 3
    scan_s: Annotated[
        float,
        setting(
            "how often the frame is searched for new faces, where it has changed, s",
            "they are noticed before they have looked at the camera",
            ge=0.01,
            le=10,
        ),
    ] = 0.2
    lost_s: Annotated[float, setting("a face unseen for longer loses its id, s", ge=0, le=10)] = 0.5

    def __post_init__(self) -> None:
        if self.detector == "yunet" and self.yunet_model is None:
            raise ValueError("yunet_model: expected YuNet's ONNX file for detector yunet, got none")


class TriggerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[trigger]: when a smile fires."""

    threshold_on: Annotated[
        float,
        setting(
            "a smile starts at this smoothed score or above",
            "few faces at rest reach it; `calibrate` proposes one for your place",
            ge=0,
            le=1,
        ),
    ] = 0.8
    threshold_off: Annotated[
        float,
        setting(
            "a smile ends below this smoothed score; at most threshold_on",
            "far enough below that one smile does not flicker into several",
            ge=0,
            le=1,
        ),
    ] = 0.4
    smoothing_s: Annotated[
        float,
        setting(
            "time constant of the scores' smoothing, s; 0 takes them as they are",
            "some three frames: a single wrong score starts no smile",
            ge=0,
            le=10,
        ),
    ] = 0.1
    hold_s: Annotated[
        float,
        setting(
            "how long a smile must last before it fires, s",
            "a spoken vowel is shorter, and nobody waits noticeably",
            ge=0,
            le=60,
        ),
    ] = 0.3
    cooldown_s: Annotated[
        float,
        setting(
            "shortest time between two firings, s",
            "time for a camera to save and for people to look up again",
            ge=0,
            le=3600,
        ),
    ] = 3.0
    bridge_s: Annotated[
        float,
        setting(
            "a face unseen for no longer than this goes on as it was, s",
            "a blink of the face finder; not the time to swap a face for a photo",
            ge=0,
            le=2,
        ),
    ] = 0.3
    jump_widths: Annotated[
        float,
        setting(
            "a face that moves, grows or shrinks by more of its widths between two sightings is "
            "taken for another",
            "boxes tremble by a tenth; a face passing the camera moves a quarter a frame",
            ge=0.1,
            le=10,
        ),
    ] = 0.5
    min_face_px: Annotated[
        int,
        setting(
            "narrower faces are as if they were not there, in frame pixels",
            "all that are found; raise it to let only those near by fire",
            ge=0,
            le=2000,
        ),
    ] = 0
    who: Annotated[
        Literal["any", "largest", "all", "count"],
        setting(
            "whose smile fires: any face's, the largest's, all faces' at once, or `count` faces' "
            "at once",
            "one person in front of it is what most devices meet",
        ),
    ] = "any"
    count: Annotated[
        int,
        setting(
            "how many faces must smile with who = count", "the fewest that is not one", ge=1, le=100
        ),
    ] = 2
    neutral_first: Annotated[
        bool | None,
        setting(
            "only a face seen not smiling before, as one track, fires: a printed smile does not",
            "true when there is a gate, where a photo must not do, and else false, as people come "
            "smiling into a photo booth",
        ),
    ] = None
    neutral_s: Annotated[
        float,
        setting(
            "how long a face must be seen not smiling with neutral_first, s",
            "a shaken photo's score dips for shorter; people come up to a gate for longer",
            ge=0,
            le=60,
        ),
    ] = 0.7
    max_per_minute: Annotated[
        int,
        setting(
            "more firings than this in 60 s are a fault: outputs stay safe for 60 s",
            "one each four seconds is nobody's pleasure",
            ge=1,
            le=600,
        ),
    ] = 15

    def __post_init__(self) -> None:
        if self.threshold_off > self.threshold_on:
            raise ValueError(
                f"threshold_off: expected at most threshold_on ({self.threshold_on}), "
                f"got {self.threshold_off}"
            )
