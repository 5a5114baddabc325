"""Hides what nobody else is to read in the values that are shown, logged or reported."""

from __future__ import annotations

import re
from collections.abc import Mapping

HIDDEN = "***"


def hide_in_url(url: str) -> str:
    """Return a URL without user info, and with ``HIDDEN`` for the values in its query."""
    scheme, _, rest = url.partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    elif not re.fullmatch(r"([^:\[\]]*|\[[^\]]*\])(:[0-9]*)?", authority):
        rest = rest.rpartition("@")[2]  # a password with a "/", which no URL may have
    place, mark, query = rest.partition("?")
    return f"{scheme}://{place}{mark}{'&'.join(map(_hide_value, query.split('&')))}"


def _hide_value(part: str) -> str:
    name, equals, _ = part.partition("=")
    return f"{name}={HIDDEN}" if equals else HIDDEN if name else ""


def hide_in_text(text: str) -> str:
    """Return a text with the secrets of its URLs hidden."""
    return re.sub(r"\w[\w+.-]*://\S+", lambda url: hide_in_url(url[0]), text)


def hide(key: str, value: object) -> object:
    """Return the value of a setting with ``HIDDEN`` for the values of an ``environment``, and with
    the secrets of URLs hidden.

    Args:
        key: the setting's name, without its section.
        value: as it was read.
    """
    if isinstance(value, Mapping):
        return {
            name: HIDDEN if key == "environment" else hide(name, inner)
            for name, inner in value.items()
        }
    if key == "environment":
        return HIDDEN
    if isinstance(value, tuple | list):
        return [hide(key, item) for item in value]
    return hide_in_text(value) if isinstance(value, str) else value
