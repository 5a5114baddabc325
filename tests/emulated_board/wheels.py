"""Wheels for the guest's Python and processor."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

PYTHON = "313"
"""Debian 13's."""
BY_PIP = ("ai-edge-litert", "msgspec", "tomlkit")
"""What apt does not bring on a Pi."""


def bring_wheels(project: Path, folder: Path) -> None:
    """Fetch what install.sh's pip needs with --offline."""
    wanted = tomllib.loads((project / "pyproject.toml").read_text())
    requirements = [one for one in wanted["project"]["dependencies"] if one.startswith(BY_PIP)]
    download(folder, *requirements, *wanted["build-system"]["requires"])
    for wheel in folder.glob("numpy-*.whl"):
        wheel.unlink()  # Debian's is there, and the installer keeps it


def download(folder: Path, *requirements: str) -> None:
    """Fetch wheels with those they depend on; requirements may be options of pip's, too."""
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
