"""Reads msgspec's validation errors. They carry no attributes, so their text is parsed, here only;
a test holds the installed version to these texts."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from msgspec import ValidationError


class Violation(NamedTuple):
    """What msgspec refuses.

    Attributes:
        kind: a field that the type does not have, one that it needs, or a value that does not fit.
        place: from the converted value down to the refused one, for example ``.hold_s`` or
            ``.command[0]``; empty for the converted value itself.
        reason: what was expected; empty for an unknown or a missing field.
    """

    kind: Literal["unknown", "missing", "value"]
    place: str
    reason: str = ""


def parse(error: ValidationError) -> Violation:
    """Return what an error of msgspec says; of a text in no known form, the text."""
    message, place = str(error), ""
    if path := re.search(r" - at `\$([^`]*)`$", message):
        message, place = message[: path.start()], path[1]
    field = re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", message)
    if field:
        kind: Literal["unknown", "missing"] = "unknown" if "unknown" in field[1] else "missing"
        return Violation(kind, f"{place}.{field[2]}")
    reason = re.sub(r", got `\w+`$", "", message).replace("`", "")
    return Violation("value", place, f"{reason[:1].lower()}{reason[1:]}")
