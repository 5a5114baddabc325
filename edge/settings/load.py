"""Reads the settings from one TOML file and the environment, and checks them whole before anything
is opened."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.errors import ConfigError
from edge.settings import (
    OUTPUT_KINDS,
    RESERVED_PINS,
    SECTIONS,
    AnyOutputSettings,
    GateSettings,
    Settings,
    ShutterSettings,
    SnapshotSettings,
)

PREFIX = "SMILE_GATE_"
INSTALLED = Path("/etc/smile-gate/smile-gate.toml")
"""The service's, which ``smile-gate doctor`` and ``safe`` take when they are given none."""
WITHOUT_FILE: Mapping[str, Any] = {"outputs": {"shutter": {"kind": "shutter", "pin": 17}}}

TINY_S = 1e-9  # below this, times differ by rounding only

Origin = Literal["default", "file", "environment"]


class Configuration(Struct, frozen=True):
    """The settings in force and where each comes from.

    Attributes:
        settings: all values.
        origins: by dotted key, of the values that are no defaults.
    """

    settings: Settings
    origins: Mapping[str, Origin]


def load_configuration(
    path: Path | None, environment: Mapping[str, str] = os.environ
) -> Configuration:
    """Read and check a configuration file and what the environment puts in place of its values.

    A variable ``SMILE_GATE_TRIGGER__HOLD_S`` stands for ``trigger.hold_s``; its value is read as
    TOML, or if it is none, as text. The file must be good without them.

    Args:
        path: the file; None for the defaults, with a shutter on GPIO 17.
        environment: the variables to look at.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, missing, of the wrong type
            or out of range, a pin is reserved or used twice.
    """
    folder = path.parent if path is not None else Path()
    tables = _read(path) if path is not None else _copied(WITHOUT_FILE)
    try:
        settings = _settings(tables, folder)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}", error.key) from error
    origins: dict[str, Origin] = {}
    if path is not None:
        origins = dict.fromkeys(_keys(tables), "file")
    variables = _apply(environment, tables)
    if variables:
        origins |= dict.fromkeys(variables, "environment")
        try:
            settings = _settings(tables, folder)
        except ConfigError as error:
            blamed = [name for key, name in variables.items() if _related(key, error.key)]
            names = ", ".join(blamed or variables.values())
            raise ConfigError(f"{names}: {error}", error.key) from error
    return Configuration(settings, origins)


def file_or_installed(path: Path | None) -> Path | None:
    """Return the file, without one the service's, and None where there is not even that."""
    return path or (INSTALLED if os.path.exists(INSTALLED) else None)  # noqa: PTH110  (may raise)


def with_source(settings: Settings, source: str | None) -> Settings:
    """Return settings with another ``camera.source``; None keeps it."""
    if source is None:
        return settings
    return replace(settings, camera=replace(settings.camera, source=source))


def _related(key: str, other: str) -> bool:
    """Tell whether one of two keys is, or is in, the other."""
    paths = [re.split(r"[.\[]", one) for one in (key, other)]
    return all(one == two for one, two in zip(*paths, strict=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a TOML file, got: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: expected TOML, got: {error}") from error


def _copied(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if isinstance(value, Mapping) else value
        for key, value in tables.items()
    }


def _keys(tables: Mapping[str, Any], before: str = "") -> list[str]:
    keys = []
    for key, value in tables.items():
        keys += _keys(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return keys


def _apply(environment: Mapping[str, str], tables: dict[str, Any]) -> dict[str, str]:
    """Put the environment's values into the tables; return their variables by dotted key."""
    variables = {}
    for variable, text in sorted(environment.items()):
        path = variable.removeprefix(PREFIX).split("__")
        if not variable.startswith(PREFIX) or len(path) < 2:
            continue
        path[:3] = [part.lower() for part in path[:3]]
        if path[0] == "outputs" and isinstance(tables.get("outputs"), dict):
            names = {name.lower(): name for name in tables["outputs"]}
            path[1] = names.get(path[1], path[1])
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except (ValueError, RecursionError):
            value = text
        table: Any = tables
        for key in path[:-1]:
            table = table.setdefault(key, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{variable}: expected a table {key}, got {table!r}", key)
        table[path[-1]] = value
        variables[".".join(path)] = variable
    return variables


def _settings(tables: dict[str, Any], folder: Path) -> Settings:
    known = [*SECTIONS, "outputs"]
    for name in tables:
        if name not in known:
            raise ConfigError(f"{name}: expected a section among {', '.join(known)}", name)
    sections = {name: _section(name, tables.get(name, {}), SECTIONS[name]) for name in SECTIONS}
    settings = Settings(outputs=_outputs(tables.get("outputs", {})), **sections)  # type: ignore[arg-type]
    _check_pins(settings.outputs)
    _check_folders(settings.outputs)
    _check_lengths(settings)
    neutral_first = settings.trigger.neutral_first
    if neutral_first is None:
        neutral_first = any(isinstance(one, GateSettings) for one in settings.outputs.values())
    files = {
        name: str(folder / path)
        for name in ("cascade", "yunet_model")
        if (path := getattr(settings.faces, name)) is not None
    }
    outputs = {
        name: replace(one, folder=str(folder / one.folder))
        if isinstance(one, SnapshotSettings)
        else one
        for name, one in settings.outputs.items()
    }
    tuning_file = settings.picamera2.tuning_file
    return replace(
        settings,
        picamera2=replace(
            settings.picamera2, tuning_file=tuning_file and str(folder / tuning_file)
        ),
        model=replace(settings.model, bundle=str(folder / settings.model.bundle)),
        faces=replace(settings.faces, **files),
        trigger=replace(settings.trigger, neutral_first=neutral_first),
        outputs=outputs,
    )


def _outputs(tables: object) -> dict[str, AnyOutputSettings]:
    if not isinstance(tables, dict):
        raise ConfigError(f"outputs: expected tables [outputs.NAME], got {tables!r}", "outputs")
    outputs = {}
    for name, table in tables.items():
        key = f"outputs.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(kind, str) or kind not in OUTPUT_KINDS:
            expected = ", ".join(OUTPUT_KINDS)
            raise ConfigError(
                f"{key}.kind: expected one of {expected}, got {kind!r}", f"{key}.kind"
            )
        outputs[name] = _section(key, table, OUTPUT_KINDS[kind])
    return outputs


def _check_pins(outputs: Mapping[str, AnyOutputSettings]) -> None:
    owners: dict[int, str] = {}
    for name, output in outputs.items():
        for setting, pin in output.pins():
            key = f"outputs.{name}.{setting}"
            if pin in RESERVED_PINS:
                raise ConfigError(
                    f"{key}: expected another pin than {pin}, {RESERVED_PINS[pin]}", key
                )
            if pin in owners:
                raise ConfigError(
                    f"{key}: expected a pin of its own, got {pin}, which {owners[pin]} uses", key
                )
            owners[pin] = key


def _check_folders(outputs: Mapping[str, AnyOutputSettings]) -> None:
    owners: dict[Path, str] = {}
    for name, output in outputs.items():
        if isinstance(output, SnapshotSettings):
            folder = Path(os.path.normpath(output.folder))
            if folder in owners:
                key = f"outputs.{name}.folder"
                raise ConfigError(
                    f"{key}: expected a folder of its own, got {output.folder}, which "
                    f"{owners[folder]} uses",
                    key,
                )
            owners[folder] = f"outputs.{name}.folder"


def _check_lengths(settings: Settings) -> None:
    cooldown_s = settings.trigger.cooldown_s
    for name, output in settings.outputs.items():
        if isinstance(output, ShutterSettings) and output.length_s > cooldown_s + TINY_S:
            key = f"outputs.{name}.{'burst' if output.burst > 1 else 'pulse_s'}"
            raise ConfigError(  # firings would queue up
                f"{key}: expected at most trigger.cooldown_s ({cooldown_s}) for the whole firing, "
                f"got {output.length_s:g} s",
                key,
            )


S = TypeVar("S", bound=Struct)


def _section(name: str, table: object, kind: type[S]) -> S:
    if not isinstance(table, dict):
        raise ConfigError(f"{name}: expected a table [{name}], got {table!r}", name)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        key = f"{name}{place.strip('`').removeprefix('$')}"
        quoted = re.search(r"(?:unknown|required) field `([^`]*)`", message)
        own = re.match(r"(\w+): (.*)", message)  # from a __post_init__ of ours
        if quoted:
            key = f"{key}.{quoted[1]}"
            known = ", ".join(kind.__struct_fields__)
            message = (
                f"expected a key among {known}" if "unknown" in message else "expected a value"
            )
        elif own:
            key, message = f"{name}.{own[1]}", own[2]
        leaf = key.rpartition(".")[2]
        got = f", got {table[leaf]!r}" if leaf in table and not own else ""
        message = re.sub(r", got `\w+`$", "", message).replace("`", "")
        raise ConfigError(f"{key}: {message[0].lower()}{message[1:]}{got}", key) from error
