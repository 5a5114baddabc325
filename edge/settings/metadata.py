"""What a setting's type annotation carries beside its type."""

from __future__ import annotations

from typing import Any

from msgspec import Meta


def setting(
    meaning: str, why: str = "", bounds: tuple[float, float] | None = None, **limits: int
) -> Any:
    """Return msgspec's metadata of a setting.

    Args:
        meaning: what the setting does, with its unit.
        why: the reason for its default; empty where the default needs none.
        bounds: the smallest and the largest number allowed.
        limits: others, as msgspec names them.
    """
    numbers = {} if bounds is None else {"ge": bounds[0], "le": bounds[1]}
    return Meta(description=meaning, extra={"why": why}, **numbers, **limits)  # type: ignore[call-overload]
