"""The face detector and the tracks."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from edge.errors import ConfigError
from edge.settings.metadata import between, meaning, why


class FaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[faces]: the face detector and the tracks."""

    detector: Annotated[
        Literal["haar", "yunet"],
        meaning("the face detector: OpenCV's Haar cascade or the network YuNet"),
        why("it needs no file but OpenCV's own"),
    ] = "haar"
    cascade: Annotated[
        str | None,
        meaning("cascade file for haar; a relative path starts at the configuration file"),
        why("haarcascade_frontalface_alt2.xml, which comes with OpenCV"),
    ] = None
    yunet_model: Annotated[
        str | None, meaning("ONNX file for yunet; a relative path starts at the configuration file")
    ] = None
    min_confidence: (
        Annotated[
            float,
            between(0, 1000),
            meaning("smallest confidence of a new face, on the detector's own scale"),
            why("3 for haar, 0.7 for yunet, whose scale ends at 1"),
        ]
        | None
    ) = None
    threads: Annotated[
        int,
        between(1, 8),
        meaning("threads of OpenCV in the whole process"),
        why("more threads make detection little faster and the rest of the board slower"),
    ] = 1
    min_face_px: Annotated[
        int, between(20, 2000), meaning("width of the smallest face to detect, in frame pixels")
    ] = 80
    search_width: Annotated[
        int,
        between(160, 4096),
        meaning("wider frames are scaled down to this width for detection, px"),
        why("faces of 80 px are still detected in frames 1,900 px wide"),
    ] = 480
    scale_factor: Annotated[
        float,
        between(1.01, 2.0),
        meaning("ratio between one searched face size and the next"),
        why("each detection is then searched more finely, so this search may be coarse"),
    ] = 1.15
    min_neighbors: Annotated[
        int, between(1, 50), meaning("a new face needs more overlapping cascade windows than this")
    ] = 3
    scan_s: Annotated[
        float,
        between(0.01, 10),
        meaning("time between two searches for new faces, where the frame has changed, s"),
        why("people are detected before they look at the camera"),
    ] = 0.2
    lost_s: Annotated[
        float, between(0, 10), meaning("a face unseen for longer loses its id, s")
    ] = 0.5

    def __post_init__(self) -> None:
        if self.detector == "yunet" and self.yunet_model is None:
            raise ConfigError(
                "expected YuNet's ONNX file for detector yunet, got none", "yunet_model"
            )
