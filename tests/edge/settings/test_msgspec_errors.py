"""How the installed msgspec words its errors: a version that words them otherwise fails here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from edge.errors import ConfigError
from edge.settings.msgspec_errors import Violation, parse


class Inner(Struct, forbid_unknown_fields=True):
    width: int


class Left(Struct, tag_field="kind", tag="left"):
    pin: Annotated[int, Meta(le=27)]


class Right(Struct, tag_field="kind", tag="right"):
    pass


class Table(Struct, forbid_unknown_fields=True):
    name: str
    hold_s: Annotated[float, Meta(ge=0, le=60)] = 0.3
    who: Literal["any", "all"] = "any"
    first: bool | None = None
    pins: tuple[int, int] = (5, 6)
    command: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    environment: dict[str, str] = {}
    inner: Inner | None = None
    output: Left | Right | None = None

    def __post_init__(self) -> None:
        if self.name == "refused":
            raise ConfigError("expected another name, got refused", "name")


def refuse(table: dict[str, Any]) -> msgspec.ValidationError:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"name": "a", **table}, Table)
    return caught.value


@pytest.mark.parametrize(
    ("table", "kind", "place", "reason"),
    [
        ({"hold": 1}, "unknown", ".hold", ""),
        ({"inner": {"width": 1, "x": 1}}, "unknown", ".inner.x", ""),
        ({"inner": {}}, "missing", ".inner.width", ""),
        ({"output": {"kind": "left"}}, "missing", ".output.pin", ""),
        ({"output": {"pin": 1}}, "missing", ".output.kind", ""),
        ({"name": 1}, "value", ".name", "expected str"),
        ({"first": 1}, "value", ".first", "expected bool | null"),
        ({"inner": 1}, "value", ".inner", "expected object | null"),
        ({"inner": {"width": "x"}}, "value", ".inner.width", "expected int"),
        ({"hold_s": -1}, "value", ".hold_s", "expected float >= 0.0"),
        ({"hold_s": 61}, "value", ".hold_s", "expected float <= 60.0"),
        ({"output": {"kind": "left", "pin": 28}}, "value", ".output.pin", "expected int <= 27"),
        ({"who": "x"}, "value", ".who", "invalid enum value 'x'"),
        ({"who": "x - at `$.y`"}, "value", ".who", "invalid enum value 'x - at $.y'"),
        ({"who": 1}, "value", ".who", "expected str"),
        ({"pins": [5]}, "value", ".pins", "expected array of length 2, got 1"),
        ({"pins": [5, "x"]}, "value", ".pins[1]", "expected int"),
        ({"command": [""]}, "value", ".command[0]", "expected str of length >= 1"),
        ({"environment": {"A": 1}}, "value", ".environment[...]", "expected str"),
        ({"output": {"kind": "x"}}, "value", ".output.kind", "invalid value 'x'"),
    ],
)
def test_what_msgspec_refuses(table: dict[str, Any], kind: Any, place: str, reason: str) -> None:
    error = refuse(table)
    version = f"msgspec {msgspec.__version__} says: {error}"
    assert parse(error) == Violation(kind, place, reason), version


def test_the_converted_value_itself() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(3, Table)
    assert parse(caught.value) == Violation("value", "", "expected object")
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({}, Table)
    assert parse(caught.value) == Violation("missing", ".name")


def test_an_error_raised_by_a_type_of_ours_is_the_cause() -> None:
    cause = refuse({"name": "refused"}).__cause__
    assert isinstance(cause, ConfigError)
    assert (cause.key, cause.reason) == ("name", "expected another name, got refused")


@pytest.mark.parametrize("text", ["", "no such form"])
def test_a_text_in_no_known_form_is_the_reason(text: str) -> None:
    assert parse(msgspec.ValidationError(text)) == Violation("value", "", text)
