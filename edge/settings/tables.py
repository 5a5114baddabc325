"""Turns the tables of a configuration into settings and checks them against each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge.errors import ConfigError
from edge.settings import (
    OUTPUT_KINDS,
    RESERVED_PINS,
    SECTIONS,
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    KeySettings,
    Settings,
    ShutterSettings,
    SnapshotSettings,
)
from edge.settings.secrets import hide

TINY_S = 1e-9  # below this, times differ by rounding only

S = TypeVar("S", bound=Struct)


def to_settings(tables: Mapping[str, Any], folder: Path) -> Settings:
    """Return the settings that tables say; what they leave out is default.

    Args:
        tables: by the name of a section, as TOML gives them.
        folder: where relative paths in them start.

    Raises:
        ConfigError: a key is unknown, missing, of the wrong type or out of range, or settings
            contradict each other.
    """
    known = [*SECTIONS, "outputs"]
    for name in tables:
        if name not in known:
            raise ConfigError(f"expected a section among {', '.join(known)}", name)
    sections = {name: _section(name, tables.get(name, {}), SECTIONS[name]) for name in SECTIONS}
    settings = Settings(outputs=_outputs(tables.get("outputs", {})), **sections)  # type: ignore[arg-type]
    _check_unique(_pins(settings), "a pin")
    _check_unique(_folders(settings.outputs, folder), "a folder")
    _check_lengths(settings)
    return _resolved(settings, folder)


def _section(name: str, table: object, kind: type[S]) -> S:
    if not isinstance(table, dict):
        raise ConfigError(f"expected a table [{name}], got {hide(name, table)!r}", name)
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, ConfigError):  # from a __post_init__
            raise error.__cause__.at(f"{name}.{error.__cause__.key}") from error
        place, reason = _violation(error, kind)
        leaf = place.removeprefix(".")
        known = leaf in table and leaf in kind.__struct_fields__
        got = f", got {hide(leaf, table[leaf])!r}" if known else ""
        raise ConfigError(f"{reason}{got}", f"{name}{place}") from error


def _violation(error: msgspec.ValidationError, kind: type[Struct]) -> tuple[str, str]:
    """Return the place in a table of this kind, for example ``.command[0]``, and what was expected
    there. msgspec's errors carry no attributes, so their text is parsed, here only."""
    message, place = str(error), ""
    if path := re.search(r" - at `\$([^`]*)`$", message):
        message, place = message[: path.start()], path[1]
    if field := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        return f"{place}.{field[1]}", f"expected a key among {', '.join(kind.__struct_fields__)}"
    if field := re.fullmatch(r"Object missing required field `(.*)`", message):
        return f"{place}.{field[1]}", "expected a value"
    reason = re.sub(r", got `\w+`$", "", message).replace("`", "")
    return place, f"{reason[:1].lower()}{reason[1:]}"


def _outputs(tables: object) -> dict[str, AnyOutputSettings]:
    if not isinstance(tables, dict):
        raise ConfigError(
            f"expected tables [outputs.NAME], got {hide('outputs', tables)!r}", "outputs"
        )
    outputs = {}
    for name, table in tables.items():
        key = f"outputs.{name}"
        kind = table.get("kind") if isinstance(table, dict) else None
        if not isinstance(kind, str) or kind not in OUTPUT_KINDS:
            expected = ", ".join(OUTPUT_KINDS)
            raise ConfigError(
                f"expected one of {expected}, got {hide('kind', kind)!r}", f"{key}.kind"
            )
        outputs[name] = _section(key, table, OUTPUT_KINDS[kind])
    return outputs


def _pins(settings: Settings) -> Iterator[tuple[str, int, int]]:
    pins = [
        (f"outputs.{name}.{setting}", pin)
        for name, output in settings.outputs.items()
        for setting, pin in output.pins()
    ]
    if (switch_pin := settings.arming.switch_pin) is not None:
        pins.append(("arming.switch_pin", switch_pin))
    for key, pin in pins:
        if pin in RESERVED_PINS:
            raise ConfigError(f"expected another pin than {pin}, {RESERVED_PINS[pin]}", key)
        yield key, pin, pin


def _folders(
    outputs: Mapping[str, AnyOutputSettings], start: Path
) -> Iterator[tuple[str, str, str]]:
    for name, output in outputs.items():
        if isinstance(output, SnapshotSettings):
            whole = os.path.normpath(start / _at_home(output.folder))
            yield f"outputs.{name}.folder", output.folder, whole


def _check_unique(values: Iterator[tuple[str, object, object]], what: str) -> None:
    """Check that no two keys have the same value; each comes as written and as compared."""
    owners: dict[object, str] = {}
    for key, written, value in values:
        if value in owners:
            raise ConfigError(
                f"expected {what} of its own, got {written}, which {owners[value]} uses", key
            )
        owners[value] = key


def _check_lengths(settings: Settings) -> None:
    cooldown_s = settings.trigger.cooldown_s
    for name, output in settings.outputs.items():
        if isinstance(output, ShutterSettings) and output.length_s > cooldown_s + TINY_S:
            key = "delay_s" if output.delay_s else "burst" if output.burst > 1 else "pulse_s"
            raise ConfigError(  # firings would queue up
                f"expected at most trigger.cooldown_s ({cooldown_s}) for the whole firing, "
                f"got {output.length_s:g} s",
                f"outputs.{name}.{key}",
            )


def _at_home(path: str) -> str:
    return os.path.expanduser(path)  # noqa: PTH111  (Path.expanduser raises at ~nobody)


def _resolved(settings: Settings, folder: Path) -> Settings:
    """Return settings with whole paths, and with the default that depends on the outputs."""

    def whole(struct: S, *names: str) -> S:
        paths = {name: path for name in names if (path := getattr(struct, name)) is not None}
        return replace(
            struct, **{name: str(folder / _at_home(path)) for name, path in paths.items()}
        )

    def whole_output(output: AnyOutputSettings) -> AnyOutputSettings:
        match output:
            case SnapshotSettings():
                return whole(output, "folder")
            case CommandSettings():
                return replace(output, command=(_at_home(output.command[0]), *output.command[1:]))
        return output

    picamera2 = settings.picamera2
    neutral_first = settings.trigger.neutral_first
    if neutral_first is None:
        outputs = settings.outputs.values()
        neutral_first = any(isinstance(output, GateSettings | KeySettings) for output in outputs)
    return replace(
        settings,
        picamera2=whole(picamera2, "tuning_file") if picamera2.tuning_file else picamera2,
        model=whole(settings.model, "bundle"),
        faces=whole(settings.faces, "cascade", "yunet_model"),
        trigger=replace(settings.trigger, neutral_first=neutral_first),
        outputs={name: whole_output(output) for name, output in settings.outputs.items()},
    )
