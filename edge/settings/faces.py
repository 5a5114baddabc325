"""The face detector and the tracks."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from edge.errors import ConfigError
from edge.settings.metadata import setting


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
        str | None, setting("ONNX file for yunet; a relative path starts at the configuration file")
    ] = None
    min_confidence: (
        Annotated[
            float,
            setting(
                "least confidence of a new face, in the detector's own measure",
                "3 for haar, 0.7 for yunet, whose measure ends at 1",
                bounds=(0, 1000),
            ),
        ]
        | None
    ) = None
    threads: Annotated[
        int,
        setting(
            "threads of OpenCV, for all that the process does with it",
            "more make little of this faster, and the rest of the board slower",
            bounds=(1, 8),
        ),
    ] = 1
    min_face_px: Annotated[
        int, setting("smallest face to look for, in frame pixels", bounds=(20, 2000))
    ] = 80
    search_width: Annotated[
        int,
        setting(
            "wider frames are scaled down to this for the search, px",
            "faces of 80 px are still found in frames 1,900 px wide",
            bounds=(160, 4096),
        ),
    ] = 480
    scale_factor: Annotated[
        float,
        setting(
            "ratio between searched face sizes",
            "what is found is looked at closely, so the search may be coarse",
            bounds=(1.01, 2.0),
        ),
    ] = 1.15
    min_neighbors: Annotated[
        int, setting("more cascade windows than these must agree on a new face", bounds=(1, 50))
    ] = 3
    scan_s: Annotated[
        float,
        setting(
            "how often the frame is searched for new faces, where it has changed, s",
            "they are noticed before they have looked at the camera",
            bounds=(0.01, 10),
        ),
    ] = 0.2
    lost_s: Annotated[
        float, setting("a face unseen for longer loses its id, s", bounds=(0, 10))
    ] = 0.5

    def __post_init__(self) -> None:
        if self.detector == "yunet" and self.yunet_model is None:
            raise ConfigError(
                "expected YuNet's ONNX file for detector yunet, got none", "yunet_model"
            )
