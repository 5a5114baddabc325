"""Reads the settings from one TOML file and the environment; all are checked before anything
is opened."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from edge.errors import ConfigError
from edge.regular_file import MIB, read_regular
from edge.settings import DEFAULT_OUTPUTS, Settings
from edge.settings.tables import to_settings

PREFIX = "SMILE_GATE_"
INSTALLED = Path("/etc/smile-gate/smile-gate.toml")
"""The service's file, which ``smile-gate doctor`` and ``safe`` read without ``--config``."""

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
        path: the file; None for the defaults, with ``DEFAULT_OUTPUTS``.
        environment: the variables by name.

    Raises:
        ConfigError: the file is missing or not TOML, a key is unknown, missing, of the wrong type
            or out of range, a pin is reserved or used twice.
    """
    folder = path.parent if path is not None else Path()
    tables = _read(path) if path is not None else {"outputs": deepcopy(DEFAULT_OUTPUTS)}
    try:
        settings = to_settings(tables, folder)
    except ConfigError as error:
        raise error.at(origin=path or "") from error
    origins: dict[str, Origin] = {}
    if path is not None:
        origins = dict.fromkeys(_keys(tables), "file")
    variables = _apply(environment, tables)
    if variables:
        origins |= dict.fromkeys(variables, "environment")
        try:
            settings = to_settings(tables, folder)
        except ConfigError as error:
            blamed = [name for key, name in variables.items() if _related(key, error.key)]
            raise error.at(origin=", ".join(blamed or variables.values())) from error
    return Configuration(settings, origins)


def file_or_installed(path: Path | None) -> Path | None:
    """Return the path given, else the service's file; None where that does not exist either."""
    return path or (INSTALLED if os.path.exists(INSTALLED) else None)  # noqa: PTH110  (may raise)


def with_source(settings: Settings, source: str | None) -> Settings:
    """Return settings with another ``camera.source``; None keeps it."""
    if source is None:
        return settings
    return replace(settings, camera=replace(settings.camera, source=source))


def _related(key: str, other: str) -> bool:
    """Tell whether two keys are the same or one is inside the other."""
    parts, others = (re.split(r"[.\[]", text) for text in (key, other))
    return all(part == its for part, its in zip(parts, others, strict=False))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_regular(path, at_most=MIB).decode())
    except OSError as error:
        raise ConfigError(f"expected a TOML file, got: {error.strerror}", origin=path) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"expected TOML, got: {error}", origin=path) from error


def _keys(tables: Mapping[str, Any], before: str = "") -> list[str]:
    keys = []
    for key, value in tables.items():
        keys += _keys(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return keys


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
                raise ConfigError(f"expected a table {key}, got {table!r}", origin=variable)
        table[path[-1]] = value
        variables[".".join(path)] = variable
    return variables
