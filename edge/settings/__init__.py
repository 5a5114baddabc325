"""What can be set: typed, each setting with its bounds, its meaning and the reason for its default.

``docs/configuration.md`` and ``smile-gate config explain`` say what is written here.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from edge.settings.outputs import (
    OUTPUT_KINDS,
    RESERVED_PINS,
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    IndicatorSettings,
    ShutterSettings,
    SnapshotSettings,
)
from edge.settings.stages import (
    SHIPPED_BUNDLE,
    BoardSettings,
    CameraSettings,
    FaceSettings,
    ModelSettings,
    Picamera2Settings,
    StreamSettings,
    TriggerSettings,
    V4l2Settings,
)

__all__ = [
    "OUTPUT_KINDS",
    "RESERVED_PINS",
    "SECTIONS",
    "SHIPPED_BUNDLE",
    "AnyOutputSettings",
    "BoardSettings",
    "CameraSettings",
    "CommandSettings",
    "FaceSettings",
    "GateSettings",
    "IndicatorSettings",
    "ModelSettings",
    "Picamera2Settings",
    "Settings",
    "ShutterSettings",
    "SnapshotSettings",
    "StreamSettings",
    "TriggerSettings",
    "V4l2Settings",
]

SECTIONS: Mapping[str, type[Struct]] = {
    "camera": CameraSettings,
    "picamera2": Picamera2Settings,
    "v4l2": V4l2Settings,
    "stream": StreamSettings,
    "model": ModelSettings,
    "faces": FaceSettings,
    "trigger": TriggerSettings,
    "board": BoardSettings,
}


class Settings(Struct, frozen=True):
    """All settings. Without a file there is one output, a shutter on GPIO 17; a file names every
    pin that may be driven, so with a file there are no others."""

    camera: CameraSettings = CameraSettings()
    picamera2: Picamera2Settings = Picamera2Settings()
    v4l2: V4l2Settings = V4l2Settings()
    stream: StreamSettings = StreamSettings()
    model: ModelSettings = ModelSettings()
    faces: FaceSettings = FaceSettings()
    trigger: TriggerSettings = TriggerSettings()
    board: BoardSettings = BoardSettings()
    outputs: dict[str, AnyOutputSettings] = field(
        default_factory=lambda: {"shutter": ShutterSettings(pin=17)}
    )
