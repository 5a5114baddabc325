"""Check install.sh and the service on an emulated Raspberry Pi."""

from __future__ import annotations

import argparse
import os
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
from tests.emulated_board.virtual_machine import DISK, EmulationError, VirtualMachine, say
from tests.emulated_board.wheels import bring_wheels

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (
    *("install.sh", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"),
    *("benchmarks", "convert", "docs", "edge", "models", "systemd", "train"),
    *("tests/__init__.py", "tests/emulated_board"),
)
"""Copied into the guest: what install.sh needs, and the checks."""
PICTURES = 4
"""Number of pictures of each portrait; the camera shows each picture for four frames."""
NEUTRAL_AT, SMILING_AT = 0, 50
"""Index in the demo clip of the first picture of the neutral and of the smiling portrait."""


def make_pictures(folder: Path) -> None:
    """Write 0.jpg, 1.jpg, ...: a neutral face, then a smiling face."""
    clip = [frame.grey for frame in iter(DemoCamera().read, None)]
    chosen = clip[NEUTRAL_AT : NEUTRAL_AT + PICTURES] + clip[SMILING_AT : SMILING_AT + PICTURES]
    for number, grey in enumerate(chosen):
        colour = cv2.cvtColor(np.asarray(grey, np.uint8), cv2.COLOR_GRAY2BGR)
        if not cv2.imwrite(str(folder / f"{number}.jpg"), colour):
            raise EmulationError(f"{folder}: expected to be writable")


def check(image: Path, board: Board, names: list[str]) -> dict[str, str]:
    """Boot, copy the project, run the checks; return the result of each by its name."""
    with tempfile.TemporaryDirectory(prefix="smile-gate-device-") as name:
        scratch = Path(name)
        frames, wheels = scratch / "frames", scratch / "wheels"
        frames.mkdir()
        wheels.mkdir()
        with closing(VirtualMachine(image, scratch, board)) as machine:
            make_pictures(frames)
            bring_wheels(ROOT, wheels)
            say(f"login after {machine.wait():.0f} s more")
            machine.put(ROOT, "/srv/work", names=PROJECT)
            machine.put(ROOT / "tests/emulated_board/guest_files", "/srv/guest")
            machine.put(frames, "/srv/frames")
            machine.put(wheels, "/srv/wheels")
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
    """Return the results that the checks printed, in words for a table, by the checks' names."""
    matches = (re.fullmatch(r"(ok|FAIL) (\w+): (.*) \[\d+ s\]", line) for line in printed)
    verdicts = {"ok": "passed", "FAIL": "FAILED"}
    return {match[2]: f"{verdicts[match[1]]}: {match[3]}" for match in matches if match}


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
        help="folder of the system's image, which is not changed; a missing image is built first, "
        "in about half an hour; an interrupted build continues",
    )
    parser.add_argument("checks", nargs="*", help="names of checks; all if none is named")
    parser.add_argument(
        "--machine", action="append", choices=BOARDS, help="default: virt; may be given twice"
    )
    options = parser.parse_intermixed_args()
    unknown = set(options.checks) - {check.__name__ for check in CHECKS}
    if unknown:
        parser.error(f"expected names of checks, got {', '.join(sorted(unknown))}")
    try:
        image = options.image.resolve()
        if not (image / DISK).exists():
            build(image, os.geteuid())
        ended = {
            name: check(image, BOARDS[name], options.checks) for name in options.machine or ["virt"]
        }
    except (EmulationError, subprocess.CalledProcessError) as error:
        print(f"tests.emulated_board: {error}", file=sys.stderr)
        return 2
    shown = table(ended, options.checks)
    print(shown)
    return int("not run" in shown or "FAILED" in shown)


if __name__ == "__main__":
    sys.exit(main())
