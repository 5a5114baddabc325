"""How a setting says what it means."""

from __future__ import annotations

from typing import Any

from msgspec import Meta


def setting(meaning: str, why: str = "", **bounds: float) -> Any:
    """Return what there is to know of a setting: its meaning, why its default is what it is, and
    its bounds as msgspec names them."""
    return Meta(description=meaning, extra={"why": why}, **bounds)  # type: ignore[call-overload]
