"""What a setting's type annotation carries beside its type: bounds, meaning and the reason for the
default. Each is a ``msgspec.Meta``."""

from __future__ import annotations

from msgspec import Meta

not_empty = Meta(min_length=1)


def between(least: float, most: float) -> Meta:
    """Return the bounds of a number, both allowed."""
    return Meta(ge=least, le=most)


def meaning(text: str) -> Meta:
    """Return what a setting does, with its unit."""
    return Meta(description=text)


def why(text: str) -> Meta:
    """Return the reason for a default."""
    return Meta(extra={"why": text})
