"""Typed settings: one TOML file, checked whole before anything is opened.

Each setting carries its bounds and its meaning; ``docs/configuration.md`` lists them.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from edge.errors import ConfigError

SHIPPED_BUNDLE = Path(__file__).resolve().parents[1] / "models" / "smilenet"


class CameraSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[camera]: where frames come from."""

    source: Annotated[
        str,
        Meta(
            description="picamera2, v4l2:/dev/video0, file:clip.mp4, images:DIR@FPS or demo; "
            "a plain path is a file or a folder of images"
        ),
    ] = "picamera2"
    width: Annotated[int, Meta(ge=64, le=4096, description="frame width to ask for, px")] = 640
    height: Annotated[int, Meta(ge=64, le=4096, description="frame height to ask for, px")] = 480
    fps: Annotated[float, Meta(ge=1, le=240, description="frames per second to ask for")] = 30.0


class ModelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[model]: the network that scores smiles."""

    bundle: Annotated[
        str, Meta(description="bundle folder; a relative path starts at the configuration file")
    ] = str(SHIPPED_BUNDLE)
    threads: Annotated[int, Meta(ge=1, le=8, description="interpreter threads")] = 1


class FaceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[faces]: the Haar scan and the tracks."""

    min_face_px: Annotated[
        int, Meta(ge=20, le=2000, description="smallest face to look for, in frame pixels")
    ] = 80
    search_width: Annotated[
        int,
        Meta(ge=160, le=4096, description="wider frames are scaled down to this for the scan"),
    ] = 320
    scale_factor: Annotated[
        float, Meta(ge=1.01, le=2.0, description="ratio between searched face sizes")
    ] = 1.1
    min_neighbors: Annotated[
        int, Meta(ge=1, le=50, description="cascade windows that must agree on a face")
    ] = 4
    lost_s: Annotated[
        float, Meta(ge=0, le=10, description="a face unseen for longer loses its id, s")
    ] = 0.5


class TriggerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """[trigger]: when a smile fires."""

    threshold_on: Annotated[
        float, Meta(ge=0, le=1, description="a smile starts at this score or above")
    ] = 0.8
    threshold_off: Annotated[
        float, Meta(ge=0, le=1, description="a smile ends below this score")
    ] = 0.4
    hold_s: Annotated[
        float, Meta(ge=0, le=60, description="how long a smile must last before it fires, s")
    ] = 0.3
    cooldown_s: Annotated[
        float, Meta(ge=0, le=3600, description="shortest time between two firings, s")
    ] = 3.0
    bridge_s: Annotated[
        float, Meta(ge=0, le=10, description="a smile survives its face unseen this long, s")
    ] = 0.3

    def __post_init__(self) -> None:
        if self.threshold_off > self.threshold_on:
            raise ValueError(
                f"threshold_off: expected at most threshold_on ({self.threshold_on}), "
                f"got {self.threshold_off}"
            )


class ShutterSettings(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="shutter"
):
    """[outputs.NAME] with kind = "shutter": one pulse for each firing."""

    pin: Annotated[
        int,
        Meta(ge=2, le=27, description="BCM number of the GPIO pin; 0 and 1 belong to HATs"),
    ]
    pulse_s: Annotated[float, Meta(ge=0.01, le=10, description="pulse length, s")] = 0.2
    active_high: Annotated[
        bool, Meta(description="true: 3.3 V is active and 0 V safe; false: the reverse")
    ] = True


OUTPUT_KINDS = {"shutter": ShutterSettings}


class Settings(Struct, frozen=True):
    """All settings. Without a file there is one output, a shutter on GPIO 17; a file names every
    pin that may be driven, so with a file there are no others."""

    camera: CameraSettings = CameraSettings()
    model: ModelSettings = ModelSettings()
    faces: FaceSettings = FaceSettings()
    trigger: TriggerSettings = TriggerSettings()
    outputs: dict[str, ShutterSettings] = field(
        default_factory=lambda: {"shutter": ShutterSettings(pin=17)}
    )


SECTIONS: dict[str, type[Struct]] = {
    "camera": CameraSettings,
    "model": ModelSettings,
    "faces": FaceSettings,
    "trigger": TriggerSettings,
}


def load(path: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, missing, of the wrong type
            or out of range, or one pin is used twice.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a TOML file, got: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected TOML, got: {error}") from error
    try:
        return _settings(tables, path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}", error.key) from error


def _settings(tables: dict[str, Any], folder: Path) -> Settings:
    known = [*SECTIONS, "outputs"]
    for name in tables:
        if name not in known:
            raise ConfigError(f"{name}: expected a section among {', '.join(known)}", name)
    sections = {name: _section(name, tables.get(name, {}), SECTIONS[name]) for name in SECTIONS}
    outputs = _outputs(tables.get("outputs", {}))
    settings = Settings(outputs=outputs, **sections)  # type: ignore[arg-type]
    cooldown_s = settings.trigger.cooldown_s
    for name, output in outputs.items():
        if output.pulse_s > cooldown_s:  # firings would queue up
            key = f"outputs.{name}.pulse_s"
            raise ConfigError(
                f"{key}: expected at most trigger.cooldown_s ({cooldown_s}), got {output.pulse_s}",
                key,
            )
    bundle = str(folder / settings.model.bundle)
    return msgspec.structs.replace(
        settings, model=msgspec.structs.replace(settings.model, bundle=bundle)
    )


def _outputs(tables: object) -> dict[str, ShutterSettings]:
    if not isinstance(tables, dict):
        raise ConfigError(f"outputs: expected tables [outputs.NAME], got {tables!r}", "outputs")
    outputs: dict[str, ShutterSettings] = {}
    names: dict[int, str] = {}
    for name, table in tables.items():
        key = f"outputs.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(kind, str) or kind not in OUTPUT_KINDS:
            expected = ", ".join(OUTPUT_KINDS)
            raise ConfigError(f"{key}.kind: expected one of {expected}, got {kind!r}", key)
        output = _section(key, table, OUTPUT_KINDS[kind])
        if output.pin in names:
            raise ConfigError(
                f"{key}.pin: expected a pin of its own, got {output.pin}, which "
                f"outputs.{names[output.pin]} uses",
                f"{key}.pin",
            )
        names[output.pin] = name
        outputs[name] = output
    return outputs


S = TypeVar("S", bound=Struct)


def _section(name: str, table: object, kind: type[S]) -> S:
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: expected a table [{name}], got {table!r}", name)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        key = f"{name}{place.strip('`').removeprefix('$')}"
        quoted = re.search(r"(?:unknown|required) field `([^`]+)`", message)
        if quoted:
            key = f"{key}.{quoted[1]}"
            known = ", ".join(kind.__struct_fields__)
            message = (
                f"expected a key among {known}" if "unknown" in message else "expected a value"
            )
        leaf = key.rpartition(".")[2]
        got = f", got {table[leaf]!r}" if leaf in table else ""
        message = re.sub(r", got `\w+`$", "", message).replace("`", "")
        raise ConfigError(f"{key}: {message[0].lower()}{message[1:]}{got}", key) from error
