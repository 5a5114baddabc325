"""Documents the settings from their types: as a table, with their values, or one by one."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Meta, Struct

from edge.errors import ConfigError
from edge.settings import OUTPUT_KINDS, SECTIONS, SHIPPED_BUNDLE, CameraSettings
from edge.settings.load import Configuration
from edge.settings.secrets import hide


class Setting(Struct, frozen=True):
    """The documentation of one setting.

    Attributes:
        key: dotted name, for example ``trigger.hold_s``.
        default: as TOML; empty when a value must be given.
        range: the values allowed; empty when all of its type are.
        meaning: what it does, with the unit.
        why: the reason for the default; may be empty.
    """

    key: str
    default: str
    range: str
    meaning: str
    why: str


def settings_of(section: str, kind: type[Struct]) -> list[Setting]:
    """Return the settings of one section in the order of its fields."""
    hints = typing.get_type_hints(kind, include_extras=True)
    summary, documented = _documented(kind)
    settings = []
    tag = kind.__struct_config__.tag
    if isinstance(tag, str):
        settings.append(Setting(f"{section}.kind", "", f'"{tag}"', summary, ""))
    for field in msgspec.structs.fields(kind):
        meaning, why = documented.get(field.name, ("", ""))
        key = f"{section}.{field.name}"
        settings.append(Setting(key, _default(field), _range(hints[field.name]), meaning, why))
    return settings


def _documented(kind: type[Struct]) -> tuple[str, dict[str, tuple[str, str]]]:
    """Return what a docstring says of a section and, by name, each setting's meaning and why."""
    docstring = inspect.cleandoc(kind.__doc__ or "")
    summary, _, attributes = docstring.partition("\n\nAttributes:\n")
    documented = {}
    for name, text in re.findall(r"^    (\w+): (.*(?:\n     .*)*)", attributes, re.MULTILINE):
        meaning, _, why = " ".join(text.split()).removesuffix(".").partition(". Why: ")
        documented[name] = (meaning, why)
    section = " ".join(summary.split()).partition(": ")[2]
    return section.partition(". ")[0].removesuffix("."), documented


def table(section: str, kind: type[Struct]) -> Iterator[str]:
    """Yield the rows of a Markdown table of one section's settings."""
    for setting in settings_of(section, kind):
        default = f"`{setting.default}`" if setting.default else "must be given"
        why = f". *{setting.default}: {setting.why}*" if setting.why else ""
        yield f"| `{setting.key}` | {default} | {setting.range} | {setting.meaning}{why} |"


def show(configuration: Configuration) -> Iterator[str]:
    """Yield a line for each setting in force: ``key = value  # where it comes from``."""
    settings = configuration.settings
    sections: dict[str, Struct] = {name: getattr(settings, name) for name in SECTIONS}
    for name, output in settings.outputs.items():
        sections[f"outputs.{name}"] = output
    for section, values in sections.items():
        yield f"[{'.'.join(_toml_key(part) for part in section.split('.', 1))}]"
        for setting in settings_of(section, type(values)):
            key = setting.key.rpartition(".")[2]
            value = _value(values, key)
            origin = _origin(configuration.origins, setting.key)
            yield f"{key} = {_toml(value)}  # {origin}" if value is not None else f"# {key} not set"


def explain(key: str, configuration: Configuration) -> Iterator[str]:
    """Yield lines about one setting, or about all of a section.

    Args:
        key: ``trigger.hold_s``, ``trigger``, ``outputs.NAME.open_s``, where NAME is an output of
            the configuration or a kind of output; or empty for everything.
        configuration: for the values in force.

    Raises:
        ConfigError: there is no such setting.
    """
    sections: dict[str, type[Struct]] = dict(SECTIONS)
    sections |= {f"outputs.{kind}": struct for kind, struct in OUTPUT_KINDS.items()}
    configured = configuration.settings.outputs
    if key:
        sections |= {f"outputs.{name}": type(output) for name, output in configured.items()}
    known = [setting for name, kind in sections.items() for setting in settings_of(name, kind)]
    prefix = f"{key}." if key else ""
    matches = [setting for setting in known if f"{setting.key}.".startswith(prefix)]
    if not matches:
        expected = ", ".join([*SECTIONS, *(f"outputs.{kind}" for kind in OUTPUT_KINDS)])
        raise ConfigError(f"expected a setting or a section: {expected}", key)
    for number, setting in enumerate(matches):
        if number:
            yield ""
        yield f"{setting.key}: {setting.meaning}"
        if setting.range:
            yield f"  range    {setting.range}"
        yield f"  default  {setting.default or 'none: a value must be given'}"
        if setting.why:
            yield f"  why      {setting.why}"
        section, _, name = setting.key.rpartition(".")
        values = getattr(configuration.settings, section, None) or configured.get(
            section.removeprefix("outputs.")
        )
        if isinstance(values, sections[section]):
            origin = _origin(configuration.origins, setting.key)
            yield f"  now      {_toml(_value(values, name))} ({origin})"


def _value(values: Struct, key: str) -> object:
    if isinstance(values, CameraSettings) and key == "source":
        return values.shown_source
    return values.__struct_config__.tag if key == "kind" else hide(key, getattr(values, key))


def _origin(origins: Mapping[str, str], key: str) -> str:
    inner_key = next((inner for inner in origins if inner.startswith(f"{key}.")), key)
    return origins.get(inner_key, "default")


def _range(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return ", ".join(_toml(choice) for choice in typing.get_args(hint))
    for inner in typing.get_args(hint):
        if isinstance(inner, Meta):
            return f"{inner.ge:g}-{inner.le:g}" if inner.ge is not None else ""
        if values := _range(inner):
            return values
    return ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.default_factory is not msgspec.NODEFAULT:
        return _toml(field.default_factory())
    if field.default is msgspec.NODEFAULT:
        return ""
    return "the shipped one" if field.default == str(SHIPPED_BUNDLE) else _toml(field.default)


def _toml(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_key(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)
