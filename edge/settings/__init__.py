"""What can be set: each setting has a type and bounds, and its class's docstring says its meaning
and the reason for its default. A TOML file and the environment come in, one checked and immutable
``Settings`` goes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, convert, field

from edge.settings.arming import ArmingSettings
from edge.settings.board import BoardSettings
from edge.settings.cameras import CameraSettings, Picamera2Settings, StreamSettings, V4l2Settings
from edge.settings.faces import FaceSettings
from edge.settings.model import SHIPPED_BUNDLE, ModelSettings
from edge.settings.outputs import (
    OUTPUT_KINDS,
    RESERVED_PINS,
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    IndicatorSettings,
    KeySettings,
    ShutterSettings,
    SnapshotSettings,
)
from edge.settings.trigger import TriggerSettings

__all__ = [
    "DEFAULT_OUTPUTS",
    "OUTPUT_KINDS",
    "RESERVED_PINS",
    "SECTIONS",
    "SHIPPED_BUNDLE",
    "AnyOutputSettings",
    "ArmingSettings",
    "BoardSettings",
    "CameraSettings",
    "CommandSettings",
    "FaceSettings",
    "GateSettings",
    "IndicatorSettings",
    "KeySettings",
    "ModelSettings",
    "Picamera2Settings",
    "Settings",
    "ShutterSettings",
    "SnapshotSettings",
    "StreamSettings",
    "TriggerSettings",
    "V4l2Settings",
]

DEFAULT_OUTPUTS: Mapping[str, Mapping[str, Any]] = {"shutter": {"kind": "shutter", "pin": 17}}
"""The outputs without a configuration file, as a file would say them."""


class Settings(Struct, frozen=True):
    """All settings. A file names every pin that may be driven: ``DEFAULT_OUTPUTS`` are there
    only without a file."""

    camera: CameraSettings = CameraSettings()
    picamera2: Picamera2Settings = Picamera2Settings()
    v4l2: V4l2Settings = V4l2Settings()
    stream: StreamSettings = StreamSettings()
    model: ModelSettings = ModelSettings()
    faces: FaceSettings = FaceSettings()
    trigger: TriggerSettings = TriggerSettings()
    board: BoardSettings = BoardSettings()
    arming: ArmingSettings = ArmingSettings()
    outputs: dict[str, AnyOutputSettings] = field(
        default_factory=lambda: convert(DEFAULT_OUTPUTS, dict[str, AnyOutputSettings])
    )


SECTIONS: Mapping[str, type[Struct]] = {
    name: type(section)
    for name in Settings.__struct_fields__
    if isinstance(section := getattr(Settings(), name), Struct)
}
