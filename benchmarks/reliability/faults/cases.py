"""Makes the tries: what is valid, mostly damaged, in a folder, and the command that gets it.

The same number and seed give the same try.
"""

from __future__ import annotations

import json
import os
import random
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tomlkit
from msgspec import to_builtins

from benchmarks.reliability.faults.mutations import (
    HOSTILE,
    damaged,
    nested,
    with_hostile_value,
)
from benchmarks.simulate.answers import AnswerServer
from edge.cameras.demo import DemoCamera
from edge.settings import SECTIONS, SHIPPED_BUNDLE
from edge.values import Grey

SIZE = (320, 240)
STOP_S = 1.5
"""How long a live source may run before the command is asked to stop."""

SETTINGS: Mapping[str, Any] = {
    **{
        section: {key: value for key, value in to_builtins(kind()).items() if value is not None}
        for section, kind in SECTIONS.items()
    },
    "camera": {"source": "pictures", "width": 640, "height": 480, "fps": 30.0, "stall_s": 2.0},
    "model": {"bundle": "bundle", "threads": 1},
    "trigger": {"threshold_on": 0.8, "hold_s": 0.0, "cooldown_s": 1.0, "neutral_first": False},
    "outputs": {
        "photo": {"kind": "shutter", "pin": 17, "pulse_s": 0.02, "focus_pin": 22, "burst": 1},
        "door": {"kind": "gate", "pin": 23, "open_s": 0.1, "hold_open_pin": 24},
        "light": {"kind": "indicator", "led_pin": 5, "rgb_pins": [6, 12, 13], "buzzer_pin": 16},
        "album": {"kind": "snapshot", "folder": "album", "min_free_mb": 10, "strip": 1},
        "hook": {"kind": "command", "command": ["true"], "environment": {"A": "b"}},
    },
}
"""Every section, so that a new setting is tried, too; sections that must suit the tries by hand."""
TRUTH: Mapping[str, Any] = {"smiles": [[0.05, 0.1], [0.1, 0.2]]}
NAMES = (
    b"\xff",
    b" ",
    b"-x",
    b"a\nb",
    b"%s%n",
    b"x" * 240,
    "é".encode(),
    b"a@b",
    b"a:b",
    b"\x1b[2J",
)
ANSWERS = (b"200 OK", b"401 Unauthorized", b"404 Not Found", b"500 Oops", b"302 Found", b"999", b"")
TYPES = (
    b"multipart/x-mixed-replace; boundary=frame",
    b"image/jpeg",
    b"text/html",
    b"video/mp4",
    b"",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A try.

    Attributes:
        kind: what is damaged, a key of ``KINDS``.
        arguments: of ``smile-gate``.
        environment: further variables.
        live: whether its source never ends by itself.
        stdout: whether there is a standard output.
    """

    kind: str
    arguments: tuple[bytes, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    live: bool = False
    stdout: bool = True


@dataclass(frozen=True, slots=True)
class Valid:
    """What the tries are made from: encoded pictures and clips by the end of their name, the
    shipped bundle's files by name, and the network camera of the tries that need one."""

    pictures: list[tuple[str, bytes]]
    clips: list[tuple[str, bytes]]
    bundle: Mapping[str, bytes]
    server: AnswerServer


def make_valid(folder: Path, server: AnswerServer) -> Valid:
    """Make the valid input; the folder is for files that are needed meanwhile."""
    bundle = {path.name: path.read_bytes() for path in SHIPPED_BUNDLE.iterdir()}
    shown = list(iter(DemoCamera().read, None))[::8]
    frames = [np.asarray(cv2.resize(frame.grey, SIZE), np.uint8) for frame in shown]
    return Valid(_pictures(frames), _clips(folder, frames), bundle, server)


def make_case(valid: Valid, seed: int, number: int, folder: Path) -> Case:
    """Write the files of a try into an empty folder, and return the try."""
    rng = random.Random(f"{seed}/{number}")
    kind = rng.choices(tuple(KINDS), [weight for weight, _ in KINDS.values()])[0]
    return KINDS[kind][1](valid, rng, folder)


def _picture(valid: Valid, rng: random.Random, folder: Path) -> Case:
    name, data = rng.choice(valid.pictures)
    path = _put(rng, folder, name, damaged(rng, data) if rng.random() < 0.9 else data)
    options = [option for option in (b"--json", b"--whole-image") if rng.random() < 0.5]
    if rng.random() < 0.2:
        return Case("pictures", (b"run", _plain(folder), b"--source", b"images:.@30"))
    return Case(
        "pictures", (b"classify", _plain(folder), *options, b"--", rng.choice((path, b".")))
    )


def _clip(valid: Valid, rng: random.Random, folder: Path) -> Case:
    name, data = rng.choice(valid.clips)
    path = _put(rng, folder, name, damaged(rng, data) if rng.random() < 0.9 else data)
    if rng.random() < 0.5:
        return Case("clips", (b"run", _plain(folder), b"--events=-", b"--source=" + path))
    (folder / "truth.json").write_text(json.dumps(TRUTH))
    return Case("clips", (b"replay", _plain(folder), b"--truth=truth.json", b"--", path))


def _config(valid: Valid, rng: random.Random, folder: Path) -> Case:
    _put_pictures(valid, folder, 8)
    (folder / "bundle").symlink_to(SHIPPED_BUNDLE)
    settings = dict(SETTINGS)
    for _ in range(rng.choice((1, 1, 2, 3))):
        settings = with_hostile_value(rng, settings)
    text, runs = _as_toml(settings), True
    if rng.random() < 0.3:  # what it says now nobody knows: it is only read
        text, runs = damaged(rng, _as_toml(SETTINGS)), False
    if rng.random() < 0.05:
        text = nested(rng)
    path = _put(rng, folder, "c.toml", text)
    call = rng.choice(RUNS if runs else READS)
    environment = {}
    if rng.random() < 0.2:
        section, key = rng.choice([(a, b) for a in SETTINGS for b in SETTINGS[a]])
        value = str(rng.choice(HOSTILE)).replace("\0", "")[:100_000]
        environment[f"SMILE_GATE_{section}__{key}".upper()] = _encodable(value)
    return Case("configurations", (*call, b"--config=" + path), environment)


def _bundle(valid: Valid, rng: random.Random, folder: Path) -> Case:
    bundle = folder / "bundle"
    bundle.mkdir()
    files = dict(valid.bundle)
    manifest = json.loads(files["manifest.json"])
    match rng.randrange(5):
        case 0:
            files["manifest.json"] = damaged(rng, files["manifest.json"])
        case 1:
            files["manifest.json"] = nested(rng)
        case 2:
            files[manifest["model"]] = damaged(rng, files[manifest["model"]])
        case 3:  # the checksum is right: whoever made it meant it
            data = files[manifest["model"]]
            data = damaged(rng, data) if rng.random() < 0.8 else rng.randbytes(5000)
            files[manifest["model"]] = data
            manifest["files"][manifest["model"]] = sha256(data).hexdigest()
            files["manifest.json"] = json.dumps(manifest).encode()
        case _:
            changed = with_hostile_value(rng, manifest)
            files["manifest.json"] = json.dumps(changed).encode()
    for name, data in files.items():
        _put(rng, bundle, name, data)
    _put_pictures(valid, folder, 1)
    (folder / "c.toml").write_text('[model]\nbundle = "bundle"\n')
    return Case("bundles", (b"classify", b"--config=c.toml", b"--whole-image", b"pictures"))


def _truth(valid: Valid, rng: random.Random, folder: Path) -> Case:
    _put_pictures(valid, folder, 8)
    text = json.dumps(with_hostile_value(rng, TRUTH)).encode()
    if rng.random() < 0.3:
        text = damaged(rng, json.dumps(TRUTH).encode())
    if rng.random() < 0.05:
        text = nested(rng)
    path = _put(rng, folder, "truth.json", text)
    within = [b"--within=" + os.fsencode(_encodable(str(rng.choice(HOSTILE)).replace("\0", "")))]
    return Case(
        "truths",
        (
            b"replay",
            _plain(folder),
            b"images:pictures@30",
            b"--truth=" + path,
            *within[rng.random() < 0.8 :],
        ),
    )


def _events(valid: Valid, rng: random.Random, folder: Path) -> Case:
    _put_pictures(valid, folder, 8)
    path = _put(rng, folder, "events.jsonl", rng.choice((b"", b"{", b"\xff\n", b"{}\n")))
    target = rng.choice((path, path, b"-", b"/dev/full", b"/dev/null", b".", b"gone/x", b""))
    return Case(
        "events",
        (b"run", _plain(folder), b"--source=images:pictures@30", b"--events=" + target),
        stdout=rng.random() < 0.8,
    )


def _source(valid: Valid, rng: random.Random, folder: Path) -> Case:
    _put_pictures(valid, folder, 3)
    spec = rng.choice(
        (
            *(b"images:pictures@30", b"file:pictures", b"v4l2:/dev/null", b"v4l2:/dev/video0"),
            *(b"http://127.0.0.1:9/video", b"rtsp://127.0.0.1:9/", b"picamera2:0", b"pictures"),
        )
    )
    spec = damaged(rng, spec).replace(b"\0", b"")
    verb = rng.choice(((b"run",), (b"replay", b"--truth=truth.json"), (b"calibrate",)))
    if verb[0] == b"replay":
        (folder / "truth.json").write_text(json.dumps(TRUTH))
        return Case("sources", (*verb, _plain(folder), b"--", spec), live=True)
    return Case("sources", (*verb, _plain(folder), b"--source=" + spec), live=True)


def _stream(valid: Valid, rng: random.Random, folder: Path) -> Case:
    jpeg = rng.choice([data for name, data in valid.pictures if name.endswith("jpg")])
    part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
    head = b"HTTP/1.0 %s\r\nContent-Type: %s\r\n\r\n" % (rng.choice(ANSWERS), rng.choice(TYPES))
    if rng.random() < 0.5:
        head = b"HTTP/1.0 200 OK\r\nContent-Type: " + TYPES[0] + b"\r\n\r\n"
    body = (part + jpeg + b"\r\n") * 4
    valid.server.answer = (
        damaged(rng, head + body) if rng.random() < 0.3 else head + damaged(rng, body)
    )
    valid.server.repeats = rng.choice((0, 1, 1000))
    valid.server.stays = rng.random() < 0.3
    url = valid.server.url.encode()
    return Case("streams", (b"run", _plain(folder), b"--events=-", b"--source=" + url), live=True)


def _put_pictures(valid: Valid, folder: Path, count: int) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    for index in range(count):
        (pictures / f"{index}.jpg").write_bytes(valid.pictures[0][1])


def _plain(folder: Path) -> bytes:
    """Write a configuration that is not damaged: the machine's own must not be taken."""
    (folder / "plain.toml").write_text('[outputs.photo]\nkind = "shutter"\npin = 17\n')
    return b"--config=plain.toml"


Maker = Callable[[Valid, random.Random, Path], Case]

KINDS: Mapping[str, tuple[int, Maker]] = {
    "pictures": (6, _picture),
    "clips": (5, _clip),
    "configurations": (6, _config),
    "bundles": (5, _bundle),
    "truths": (3, _truth),
    "events": (2, _events),
    "sources": (1, _source),
    "streams": (2, _stream),
}
"""By name of the kind, its share of the tries and what makes one."""

READS = ((b"config", b"check"), (b"config", b"show"), (b"config", b"explain"))
RUNS = (*READS, (b"run",), (b"run",), (b"fire", b"photo"), (b"fire", b"album"), (b"safe",))


def _put(rng: random.Random, folder: Path, name: str, data: bytes) -> bytes:
    """Write a file, now and then under an odd name or as something that is no file; return its
    name in the folder."""
    odd = rng.randrange(60)
    path = folder / name
    match odd:
        case 0:
            os.mkfifo(path)
        case 1:
            path.symlink_to("/dev/zero")
        case 2:
            path.symlink_to("nowhere")
        case 3:
            path.symlink_to(name)
        case 4:
            path.mkdir()
        case 5 | 6 | 7:
            path = folder / os.fsdecode(rng.choice(NAMES) + os.fsencode(path.suffix))
            path.write_bytes(data)
        case _:
            path.write_bytes(data)
    return os.fsencode(path.name)


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _as_toml(settings: Any) -> bytes:
    try:
        return _encodable(tomlkit.dumps(settings)).encode()
    except Exception:  # noqa: BLE001  (it is not meant for what TOML cannot hold)
        return json.dumps(settings).encode()


def _pictures(frames: Sequence[Grey]) -> list[tuple[str, bytes]]:
    """Return encoded pictures of a smiling face, the first of them a small JPEG."""
    small = frames[len(frames) // 2]
    colour = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    pictures = [
        (f"p.{suffix}", cv2.imencode(f".{suffix}", picture)[1].tobytes())
        for suffix in ("jpg", "png", "bmp", "webp", "tif", "pgm")
        for picture in ((small,) if suffix == "pgm" else (small, colour))
    ]
    jpeg = pictures[0][1]
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    oriented = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + jpeg[2:]
    gif = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    return [*pictures, ("p.jpg", oriented), ("p.jpg", gif), ("p.png", _huge_png())]


def _huge_png(side: int = 30_000) -> bytes:
    """Return a PNG of a hundred kilobytes that takes gigabytes to decode."""

    def chunk(name: bytes, data: bytes) -> bytes:
        content = name + data
        return struct.pack(">I", len(data)) + content + struct.pack(">I", zlib.crc32(content))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _clips(folder: Path, frames: Sequence[Grey]) -> list[tuple[str, bytes]]:
    """Return a short clip in several containers."""
    clips = []
    for name, codec in (("c.mp4", "mp4v"), ("c.avi", "MJPG"), ("c.mkv", "mp4v"), ("c.mov", "mp4v")):
        path = folder / name
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 30.0, SIZE)
        for frame in frames:
            writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
        writer.release()
        clips.append((name, path.read_bytes()))
        path.unlink()
    return clips
