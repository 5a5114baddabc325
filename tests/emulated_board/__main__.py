"""python -m tests.emulated_board IMAGE: prove install.sh and the service on the stand-in."""

from __future__ import annotations

import argparse
import re
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
from tests.emulated_board.boards import BOARDS, Board
from tests.emulated_board.checks import CHECKS, CUT
from tests.emulated_board.image import build
from tests.emulated_board.virtual_machine import DISK, DeviceError, Machine, say
from tests.emulated_board.wheels import bring_wheels

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (
    *("install.sh", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
    *("benchmarks", "convert", "docs", "edge", "models", "systemd", "train"),
    *("tests/__init__.py", "tests/emulated_board"),
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


def check(image: Path, board: Board, names: list[str]) -> dict[str, str]:
    """Boot, copy, run the checks; return how each ended."""
    with tempfile.TemporaryDirectory(prefix="smile-gate-device-") as name:
        scratch = Path(name)
        folders = {at: scratch / at for at in ("frames", "wheels")}
        for folder in folders.values():
            folder.mkdir()
        with closing(Machine(image, scratch, board)) as machine:
            make_pictures(folders["frames"])
            bring_wheels(ROOT, folders["wheels"])
            say(f"login after {machine.wait():.0f} s more")
            machine.put(ROOT, "/srv/work", names=PROJECT)
            machine.put(ROOT / "tests" / "device" / "guest", "/srv/guest")
            for at, folder in folders.items():
                machine.put(folder, f"/srv/{at}")
            began = time.monotonic()
            command = "cd /srv/work && python3 -m tests.emulated_board.checks"
            code, printed = machine.follow(f"{command} {shlex.join(names)}")
            if code == CUT:
                machine.cut_power()
                say(f"power cut; login after {machine.wait():.0f} s")
                printed += machine.follow(f"{command} --after-cut {shlex.join(names)}")[1]
            say(f"checks ended after {time.monotonic() - began:.0f} s")
            return results(printed)


def results(printed: list[str]) -> dict[str, str]:
    """Return what checks printed as words for a table, by their names."""
    found = (re.fullmatch(r"(ok|FAIL) (\w+): (.*) \[\d+ s\]", line) for line in printed)
    kind = {"ok": "passed", "FAIL": "FAILED"}
    return {one[2]: f"{kind[one[1]]}: {one[3]}" for one in found if one}


def table(ended: dict[str, dict[str, str]], names: list[str]) -> str:
    """Return a Markdown table of results, a row for each check and a column for each machine."""
    rows = [["check", "what is shown", *ended], ["---"] * (2 + len(ended))]
    for check in CHECKS:
        name = check.__name__
        if any(name in results for results in ended.values()) or not names or name in names:
            words = [results.get(name, "not run") for results in ended.values()]
            rows.append([f"`{name}`", (check.__doc__ or "").strip(), *words])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.emulated_board", description=__doc__)
    parser.add_argument(
        "image",
        type=Path,
        help="folder of the stand-in's image, which stays as it is; where there is none it is "
        "built first, about half an hour, once; resumes where it stopped",
    )
    parser.add_argument("checks", nargs="*", help="names of checks; all if none is named")
    parser.add_argument(
        "--machine", action="append", choices=BOARDS, help="default: virt; may be given twice"
    )
    options = parser.parse_intermixed_args()
    unknown = set(options.checks) - {one.__name__ for one in CHECKS}
    if unknown:
        parser.error(f"expected names of checks, got {', '.join(sorted(unknown))}")
    try:
        image = options.image.resolve()
        if not (image / DISK).exists():
            build(image)
        ended = {
            name: check(image, BOARDS[name], options.checks) for name in options.machine or ["virt"]
        }
    except (DeviceError, subprocess.CalledProcessError) as error:
        print(f"tests.emulated_board: {error}", file=sys.stderr)
        return 2
    shown = table(ended, options.checks)
    print(shown)
    return int("not run" in shown or "FAILED" in shown)


if __name__ == "__main__":
    sys.exit(main())
