"""Damages what is valid: bytes, and values inside JSON and TOML."""

from __future__ import annotations

import random
from typing import Any

NUMBERS = (
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\1",
    b"\x80\0\0\0",
)
HEAD = 512
"""Half of the damage is done to so many bytes from the start, where most formats describe what
follows."""

DEEP = 3000
HOSTILE: tuple[Any, ...] = (
    *(0, -1, 1, 2**31, 2**63, -(2**64), 10**400, 0.0, -0.5, 1e-300, 1e300, float("nan")),
    *(float("inf"), float("-inf"), True, False, None, "", "0", "\0", "a\0b", "..", "../x", "~x/y"),
    *(
        ".",
        "/dev/zero",
        "/dev/null/x",
        "\udcff",
        "\u202e\x1b[31m",
        "x" * 5000,
        "é" * 300,
        "{}",
        "nan",
    ),
    *([], {}, [[]], [0] * 5000, {"": {}}, ["\0"], [None], [[0.0, 1e300]], [[float("nan")] * 2]),
)
"""Values where others are expected. No path among them can be written, but in the try's folder."""


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Return bytes with up to eight places overwritten, cut out, repeated or inserted."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        end = min(HEAD, len(changed)) if rng.random() < 0.5 else len(changed)
        at = rng.randrange(end + 1)
        length = rng.choice((1, 1, 4, 16, 200))
        match rng.randrange(7):
            case 0:
                changed[at : at + length] = rng.randbytes(length)
            case 1:
                changed[at : at + 4] = rng.choice(NUMBERS)
            case 2:
                changed[at:at] = rng.randbytes(length)
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length] * rng.choice((1, 2, 500))
            case 5 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 6 if rng.random() < 0.5:
                del changed[at:]
    return bytes(changed)


def with_hostile_value(rng: random.Random, tree: Any) -> Any:
    """Return a copy of nested dicts and lists with a value or a key replaced, added or left out; a
    number may become another that is not far."""
    if isinstance(tree, dict) and tree and rng.random() < 0.95:
        key = rng.choice(list(tree))
        changed = dict(tree)
        roll = rng.random()
        if roll < 0.05:
            del changed[key]
        elif roll < 0.1:
            changed[rng.choice(("", "\0", "x" * 3000, "ü", "files", key.upper()))] = tree[key]
        else:
            changed[key] = with_hostile_value(rng, tree[key])
        return changed
    if isinstance(tree, list | tuple) and tree and rng.random() < 0.85:
        items = list(tree)
        at = rng.randrange(len(items))
        items[at] = with_hostile_value(rng, items[at])
        return items
    if isinstance(tree, int | float) and rng.random() < 0.5:
        return type(tree)(tree * rng.uniform(-0.2, 3.0))
    return rng.choice(HOSTILE)


def nested(rng: random.Random) -> bytes:
    """Return text nested deeper than any parser expects."""
    start, end = rng.choice(((b"[", b"]"), (b'{"a":', b"}"), (b"{a=", b"}"), (b"[[a]]\n", b"")))
    depth = rng.choice((100, DEEP, 100 * DEEP))
    return start * depth + rng.choice((b"", b"0")) + end * depth
