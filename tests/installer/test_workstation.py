"""What install.sh demo and test refuse, each with one line; they succeed where these tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script and no .venv."""
    for name in ("install.sh", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def install(checkout: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", str(checkout / "install.sh"), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **variables},
    )
    return done.returncode, done.stderr


def shadow(checkout: Path, name: str, script: str) -> str:
    """Put a program in front of the real program; return the PATH for it."""
    folder = checkout / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def refusal(checkout: Path, *arguments: str, **variables: str) -> str:
    """Run install.sh, which must fail with one line; return that line."""
    code, err = install(checkout, *arguments, **variables)
    assert code == 1
    assert err.count("\n") == 1
    return err.rstrip("\n")


def test_an_unknown_verb(checkout: Path) -> None:
    verbs = "demo, test, install, upgrade, uninstall or status"
    expected = f"install.sh: jump: expected {verbs}; see ./install.sh --help"
    assert refusal(checkout, "jump") == expected


def test_no_verb(checkout: Path) -> None:
    code, err = install(checkout)
    assert code == 2
    assert err.startswith("usage: ./install.sh demo")
    here = "this is no Raspberry Pi: only there, as root, it is install without a verb"
    assert err.splitlines()[-1] == f"install.sh: expected demo or test, got none; {here}"


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_a_dry_run_says_what_it_would_do(checkout: Path, verb: str) -> None:
    done = subprocess.run(
        ["bash", str(checkout / "install.sh"), "--dry-run", verb],
        check=True,
        capture_output=True,
        text=True,
    )
    making, installing, running = done.stdout.splitlines()
    assert (making, installing) == (
        "would make .venv",
        f"would install smile-gate into it, with its {verb} packages",
    )
    assert running.startswith("would run ")
    assert not (checkout / ".venv").exists()


def test_a_32_bit_system(checkout: Path) -> None:
    path = shadow(checkout, "uname", '[ "$1" = -s ] && echo Linux || echo armv7l')
    expected = "install.sh: expected a 64-bit system (x86_64 or aarch64), got armv7l"
    assert refusal(checkout, "demo", PATH=path) == expected


def test_a_python_that_does_not_fit(checkout: Path) -> None:
    expected = "install.sh: PYTHON=/bin/false: expected a 64-bit Python 3.11 to 3.13"
    assert refusal(checkout, "demo", PYTHON="/bin/false") == expected


def test_a_python_without_venv(checkout: Path) -> None:
    path = shadow(checkout, "fake-python", 'case "$*" in *venv*) exit 1 ;; esac')
    err = refusal(checkout, "demo", PYTHON=path.partition(":")[0] + "/fake-python")
    assert "cannot make a virtual environment; on Debian: sudo apt install python3-venv" in err
    assert not (checkout / ".venv").exists()


def test_a_venv_of_the_users_own_is_left_alone(checkout: Path) -> None:
    mine = checkout / ".venv" / "mine"
    mine.parent.mkdir()
    mine.touch()
    err = refusal(checkout, "demo")
    assert "is not ours and has no pip that works: move it away" in err
    assert mine.exists()


def test_no_network(checkout: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    err = refusal(checkout, "demo", **nowhere, PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="")
    assert "install.sh: pip failed: " in err
    assert "see .venv/install.log" in err
