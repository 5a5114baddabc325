"""A fake root that the real install.sh installs into.

Releases, venvs, links and settings below the folder are real. With ``--root`` install.sh leaves
out apt, users and the service.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import gpiozero

from tests.conftest import ROOT
from tests.waiting import wait_until

# The suite may run in the background, where SIGINT is ignored; children would inherit that.
BASH = ("env", "--default-signal=INT", "bash")
PACKAGES = Path(gpiozero.__file__).parents[1]
"""The packages of the tests' own Python stand for apt's and pip's, so that nothing is fetched."""

FILES = ("install.sh", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
FOLDERS = ("benchmarks", "convert", "docs", "edge", "models", "systemd", "train")
EMPTY_FOLDERS = (
    *("etc/systemd/system", "etc/tmpfiles.d", "etc/udev/rules.d"),
    *("opt", "usr/local/bin", "var/lib", "var/log"),
)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class FakeRoot:
    """A fake root and the tree whose install.sh is run, side by side in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root, self.tree = folder / "root", folder / "tree"
        self.programs = folder / "programs"
        self.variables: dict[str, str] = {}

    @classmethod
    def make(cls, folder: Path) -> FakeRoot:
        """Make a root with nothing installed, and a copy of this tree."""
        fake_root = cls(folder)
        for name in EMPTY_FOLDERS:
            (fake_root.root / name).mkdir(parents=True)
        (fake_root.root / "etc/os-release").write_text("ID=debian\nVERSION_CODENAME=trixie\n")
        fake_root.programs.mkdir()
        fake_root.take_tree(ROOT)
        return fake_root

    def take_tree(self, source: Path) -> None:
        """Replace the tree by a copy of another."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir()
        for name in FILES:
            shutil.copy(source / name, self.tree)
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source / name, self.tree / name, ignore=ignored)

    def copy(self, folder: Path) -> FakeRoot:
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return FakeRoot(folder)

    def shadow(self, name: str, script: str) -> Path:
        """Put a program in front of the real program."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    @property
    def install_sh(self) -> list[str]:
        return [*BASH, str(self.tree / "install.sh")]

    def start(self, call: Sequence[str]) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "PYTHONPATH": str(PACKAGES),
            "PIP_NO_BUILD_ISOLATION": "0",
            **self.variables,
        }
        return subprocess.Popen(
            call,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=self.tree,
            start_new_session=True,
        )

    def call(self, call: Sequence[str]) -> subprocess.CompletedProcess[str]:
        started = self.start(call)
        out, err = started.communicate(timeout=120.0)
        return subprocess.CompletedProcess(call, started.returncode, out, err)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.call([*self.install_sh, *arguments])

    def install(self, *arguments: str, verb: str = "install") -> subprocess.CompletedProcess[str]:
        return self.run(verb, "--root", str(self.root), "--yes", *arguments)

    def script(self, commands: str) -> list[str]:
        """Return a call of a shell that runs commands with the installer's functions and the fake
        root's log."""
        script = f"""
            set -euo pipefail
            root={self.root} dry_run=false yes=true purge=false coral=false key=false offline=''
            last_words=''
            {extract("complain", self.tree)}
            {extract("fail", self.tree)}
            . systemd/installer/device.sh
            verb=install
            begin
            {commands}
        """
        return [*BASH, "-c", script]

    def functions(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run commands in a shell that has the installer's functions."""
        return self.call(self.script(commands))

    @property
    def current(self) -> str:
        return str((self.root / "opt/smile-gate/current").readlink())

    @property
    def log(self) -> str:
        return (self.root / "var/log/smile-gate-install.log").read_text()

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.root / "opt/smile-gate/releases").glob("*"))


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the reason in the only line of a call that failed."""
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("install.sh: ").rstrip("\n")


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """Return the standard output of a call that succeeded and complained of nothing."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def interrupt(started: subprocess.Popen[str], number: signal.Signals, began: Path) -> list[str]:
    """Send a signal to a started call and its children once the file ``began`` exists; return the
    lines of its stderr."""
    wait_until(lambda: began.exists() or started.poll() is not None, 60.0)
    os.killpg(started.pid, number)
    return started.communicate(timeout=30.0)[1].splitlines()


def extract(function: str, tree: Path) -> str:
    """Return a function of install.sh, which can't be sourced: it would install."""
    text = (tree / "install.sh").read_text()
    start = text.index(f"{function}() {{")
    return text[start : text.index("\n}", start) + 2]
