"""Wheels for the guest's Python and processor."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

PYTHON = "313"
"""Debian 13's."""
BY_PIP = ("ai-edge-litert", "msgspec", "simplejpeg", "tomlkit", "tqdm")
"""Requirements without a package in Debian; Raspberry Pi OS has simplejpeg."""


def bring_wheels(project: Path, folder: Path) -> None:
    """Fetch the wheels that install.sh --offline needs."""
    wanted = tomllib.loads((project / "pyproject.toml").read_text())
    dependencies = wanted["project"]["dependencies"]
    requirements = [line for line in dependencies if line.startswith(BY_PIP)]
    download(folder, *requirements, *wanted["build-system"]["requires"])
    for wheel in folder.glob("numpy-*.whl"):
        wheel.unlink()  # the installer keeps Debian's numpy


def download(folder: Path, *requirements: str) -> None:
    """Fetch wheels and their dependencies; ``requirements`` may include options of pip."""
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(5, 42)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder)),
            *("--only-binary=:all:", "--platform=manylinux2014_aarch64", *platforms),
            *(f"--python-version={PYTHON}", "--implementation=cp"),
            *(f"--abi=cp{PYTHON}", "--abi=abi3", "--abi=none", *requirements),
        ],
        check=True,
    )
