"""python -m tests.device IMAGE: prove install.sh and the service on the stand-in."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.demo import DemoCamera
from tests.device.image import build
from tests.device.machine import DISK, DeviceError, Machine, say
from tests.device.wheels import bring_wheels

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (
    *("install.sh", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
    *("benchmarks", "convert", "docs", "edge", "models", "systemd", "train"),
    *("tests/__init__.py", "tests/device"),
)
"""What is copied into the guest: what install.sh takes, and the checks."""
SHOWN = 4
"""Pictures of each portrait; each is shown for four frames."""
NEUTRAL_AT, SMILING_AT = 0, 50
"""Frames of the demo's clip from which one and the other are taken."""


def make_pictures(folder: Path) -> None:
    """Write 0.jpg and so on: a face that does not smile, then one that does."""
    clip = []
    with closing(DemoCamera()) as camera:
        while (frame := camera.read()) is not None:
            clip.append(frame.grey)
    chosen = clip[NEUTRAL_AT : NEUTRAL_AT + SHOWN] + clip[SMILING_AT : SMILING_AT + SHOWN]
    for number, grey in enumerate(chosen):
        colour = cv2.cvtColor(np.asarray(grey, np.uint8), cv2.COLOR_GRAY2BGR)
        if not cv2.imwrite(str(folder / f"{number}.jpg"), colour):
            raise DeviceError(f"{folder}: expected to be writable")


def check(image: Path, names: list[str]) -> int:
    """Boot, copy, run the checks; return their exit code."""
    with tempfile.TemporaryDirectory(prefix="smile-gate-device-") as name:
        scratch = Path(name)
        folders = {at: scratch / at for at in ("frames", "wheels")}
        for folder in folders.values():
            folder.mkdir()
        with closing(Machine(image, scratch)) as machine:
            make_pictures(folders["frames"])
            bring_wheels(ROOT, folders["wheels"])
            say(f"login after {machine.wait():.0f} s more")
            machine.put(ROOT, "/srv/work", names=PROJECT)
            machine.put(ROOT / "tests" / "device" / "guest", "/srv/guest")
            for at, folder in folders.items():
                machine.put(folder, f"/srv/{at}")
            began = time.monotonic()
            code = machine.run(
                f"cd /srv/work && python3 -m tests.device.checks {shlex.join(names)}"
            )
            say(f"checks ended with {code} after {time.monotonic() - began:.0f} s")
            return code


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.device", description=__doc__)
    parser.add_argument(
        "image",
        type=Path,
        help="folder of the stand-in's image, which stays as it is; where there is none it is "
        "built first, about half an hour, once; resumes where it stopped",
    )
    parser.add_argument("checks", nargs="*", help="names of checks; all if none is named")
    options = parser.parse_args()
    try:
        image = options.image.resolve()
        if not (image / DISK).exists():
            build(image)
        return check(image, options.checks)
    except (DeviceError, subprocess.CalledProcessError) as error:
        print(f"tests.device: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
