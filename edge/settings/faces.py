"""The face detector and the tracks."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge.errors import ConfigError


class FaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[faces]: the face detector and the tracks.

    Attributes:
        detector: the face detector: OpenCV's Haar cascade or the network YuNet. Why: it needs no
            file but OpenCV's own.
        cascade: cascade file for haar; a relative path starts at the configuration file. Why:
            haarcascade_frontalface_alt2.xml, which comes with OpenCV.
        yunet_model: ONNX file for yunet; a relative path starts at the configuration file.
        min_confidence: smallest confidence of a new face, on the detector's own scale. Why: 3 for
            haar, 0.7 for yunet, whose scale ends at 1.
        threads: threads of OpenCV in the whole process. Why: more threads make detection little
            faster and the rest of the board slower.
        min_face_px: width of the smallest face to detect, in frame pixels.
        search_width: wider frames are scaled down to this width for detection, px. Why: faces of 80
            px are still detected in frames 1,900 px wide.
        scale_factor: ratio between one searched face size and the next. Why: each detection is then
            searched more finely, so this search may be coarse.
        min_neighbors: a new face needs more overlapping cascade windows than this.
        scan_s: time between two searches for new faces, where the frame has changed, s. Why: people
            are detected before they look at the camera.
        lost_s: a face unseen for longer loses its id, s.
    """

    detector: Literal["haar", "yunet"] = "haar"
    cascade: str | None = None
    yunet_model: str | None = None
    min_confidence: Annotated[float, Meta(ge=0, le=1000)] | None = None
    threads: Annotated[int, Meta(ge=1, le=8)] = 1
    min_face_px: Annotated[int, Meta(ge=20, le=2000)] = 80
    search_width: Annotated[int, Meta(ge=160, le=4096)] = 480
    scale_factor: Annotated[float, Meta(ge=1.01, le=2.0)] = 1.15
    min_neighbors: Annotated[int, Meta(ge=1, le=50)] = 3
    scan_s: Annotated[float, Meta(ge=0.01, le=10)] = 0.2
    lost_s: Annotated[float, Meta(ge=0, le=10)] = 0.5

    def __post_init__(self) -> None:
        if self.detector == "yunet" and self.yunet_model is None:
            raise ConfigError(
                "expected YuNet's ONNX file for detector yunet, got none", "yunet_model"
            )
