"""Reads the settings from one TOML file and the environment; all are checked before anything
is opened."""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from edge.errors import ConfigError
from edge.regular_file import MIB, read_regular
from edge.settings import DEFAULT_OUTPUTS, OUTPUT_KINDS, SECTIONS, Settings
from edge.settings.secrets import hide
from edge.settings.tables import to_settings

log = logging.getLogger(__name__)

PREFIX = "SMILE_GATE_"
INSTALLED = Path("/etc/smile-gate/smile-gate.toml")
"""The service's file, which every verb takes without ``--config``, where it is there."""
BOARD = Path("/proc/device-tree/model")
"""The name of the board; not there on most machines that are no boards."""

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
    """Read and check a configuration file and the environment variables that override its values.

    A variable ``SMILE_GATE_TRIGGER__HOLD_S`` stands for ``trigger.hold_s``; its value is read as
    TOML, or as text where it is not valid TOML. The file must be valid without the variables.

    Args:
        path: the file; None for the defaults, with ``DEFAULT_OUTPUTS`` on a Raspberry Pi and where
            pins are simulated.
        environment: the variables by name.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, missing, of the wrong type
            or out of range, a pin is reserved or used twice.
    """
    folder = path.parent if path is not None else Path()
    tables = _read(path) if path is not None else {"outputs": _default_outputs(environment)}
    try:
        settings = to_settings(tables, folder)
    except ConfigError as error:
        raise error.at(origin=path or "") from error
    origins: dict[str, Origin] = {}
    if path is not None:
        origins = dict.fromkeys(_keys(tables), "file")
    variables = _apply(environment, tables)
    _warn_of_single_underscores(environment)
    if variables:
        origins |= dict.fromkeys(variables, "environment")
        try:
            settings = to_settings(tables, folder)
        except ConfigError as error:
            blamed = [name for key, name in variables.items() if _related(key, error.key)]
            raise error.at(origin=", ".join(blamed or variables.values())) from error
    return Configuration(settings, origins)


def installed_file() -> Path | None:
    """Return the service's file, also where this user may not look for it; None where there is
    none."""
    try:
        INSTALLED.stat()
    except PermissionError:
        return INSTALLED
    except OSError:
        return None
    return INSTALLED


def with_source(settings: Settings, source: str | None) -> Settings:
    """Return settings with another ``camera.source``; None keeps it."""
    if source is None:
        return settings
    return replace(settings, camera=replace(settings.camera, source=source))


def _default_outputs(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the outputs without a file: none where nobody can know what a pin is for."""
    known = environment.get("GPIOZERO_PIN_FACTORY", "").lower() == "mock"
    with suppress(OSError):
        known = known or "Raspberry Pi" in BOARD.read_text()
    return deepcopy(dict(DEFAULT_OUTPUTS)) if known else {}


def _related(key: str, other: str) -> bool:
    """Tell whether two keys are the same or one is inside the other."""
    parts, others = (re.split(r"[.\[]", text) for text in (key, other))
    return all(part == its for part, its in zip(parts, others, strict=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path, at_most=MIB).decode("utf-8-sig"))
    except PermissionError as error:
        reason = f"expected a file that this user may read, got: {error.strerror}; try sudo"
        raise ConfigError(reason, origin=path) from error
    except OSError as error:
        raise ConfigError(f"expected a TOML file, got: {error.strerror}", origin=path) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"expected TOML, got: {error}", origin=path) from error


def _keys(tables: Mapping[str, Any], before: str = "") -> list[str]:
    keys = []
    for key, value in tables.items():
        keys += _keys(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return keys


def _warn_of_single_underscores(environment: Mapping[str, str]) -> None:
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and "__" not in variable:
            meant = _with_two_underscores(variable.removeprefix(PREFIX).lower())
            if meant:
                expected = f"{PREFIX}{meant.upper()}"
                log.warning("%s is ignored: expected %s, with two underscores", variable, expected)


def _with_two_underscores(name: str) -> str | None:
    """Return ``trigger__hold_s`` for ``trigger_hold_s``; None for what names no setting."""
    for section, kind in SECTIONS.items():
        key = name.removeprefix(f"{section}_")
        if key != name and key in kind.__struct_fields__:
            return f"{section}__{key}"
    keys = {key for kind in OUTPUT_KINDS.values() for key in ("kind", *kind.__struct_fields__)}
    output = re.fullmatch(rf"outputs_(.+?)_({'|'.join(keys)})", name)
    return f"outputs__{output[1]}__{output[2]}" if output else None


def _apply(environment: Mapping[str, str], tables: dict[str, Any]) -> dict[str, str]:
    """Put the variables' values into the tables; return the variables' names by dotted key."""
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
                raise ConfigError(
                    f"expected a table {key}, got {hide(key, table)!r}", origin=variable
                )
        table[path[-1]] = value
        variables[".".join(path)] = variable
    return variables
