"""A fake root that the real install.sh installs into, with the packages of the tests' own Python.

What is below the folder is real: releases, venvs, links, settings. There are no apt, no users and
no service, which ``--root`` leaves out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILES = ("install.sh", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
FOLDERS = ("benchmarks", "convert", "docs", "edge", "models", "systemd", "train")
EMPTY_FOLDERS = (
    *("etc/systemd/system", "etc/tmpfiles.d", "etc/udev/rules.d"),
    *("opt", "usr/local/bin", "var/lib", "var/log"),
)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@dataclass
class FakeRoot:
    """A fake root and the tree whose install.sh is run."""

    root: Path
    tree: Path
    programs: Path
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path) -> FakeRoot:
        fake_root = cls(folder / "root", folder / "tree", folder / "programs")
        for name in EMPTY_FOLDERS:
            (fake_root.root / name).mkdir(parents=True)
        (fake_root.root / "etc/os-release").write_text("ID=debian\nVERSION_CODENAME=trixie\n")
        fake_root.tree.mkdir()
        for name in FILES:
            shutil.copy(ROOT / name, fake_root.tree)
        for name in FOLDERS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, fake_root.tree / name, ignore=ignored)
        fake_root.programs.mkdir()
        return fake_root

    def copy(self, folder: Path) -> FakeRoot:
        shutil.copytree(self.root, folder / "root", symlinks=True)
        shutil.copytree(self.tree, folder / "tree")
        shutil.copytree(self.programs, folder / "programs")
        return FakeRoot(folder / "root", folder / "tree", folder / "programs")

    def shadow(self, name: str, script: str) -> Path:
        """Put a program in front of the real one."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            # Its packages stand for apt's and pip's, so that nothing is fetched.
            "PYTHONPATH": sysconfig.get_paths()["purelib"],
            "PIP_NO_BUILD_ISOLATION": "0",
            **self.variables,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        install = ["env", "--default-signal=INT", "bash", str(self.tree / "install.sh")]
        return self.start_call([*install, *arguments])

    def start_call(self, call: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            call,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(self.environment),
            cwd=self.tree,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        started = self.start(*arguments)
        out, err = started.communicate(timeout=120.0)
        return subprocess.CompletedProcess(arguments, started.returncode, out, err)

    def install(self, *arguments: str, verb: str = "install") -> subprocess.CompletedProcess[str]:
        return self.run(verb, "--root", str(self.root), "--yes", *arguments)

    def script(self, commands: str) -> list[str]:
        """Return a call of commands in a shell that has the installer's functions, with the fake
        root's log."""
        script = f"""
            set -euo pipefail
            root={self.root} dry_run=false yes=true purge=false coral=false offline='' last_words=''
            {extract("complain", self.tree)}
            {extract("fail", self.tree)}
            . systemd/installer/device.sh
            verb=install
            begin
            {commands}
        """
        # A test run in the background may ignore SIGINT, and would pass that on.
        return ["env", "--default-signal=INT", "bash", "-c", script]

    def functions(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run such a script."""
        return subprocess.run(
            self.script(commands),
            check=False,
            capture_output=True,
            text=True,
            env=dict(self.environment),
            cwd=self.tree,
            timeout=60.0,
        )

    @property
    def current(self) -> str:
        return str((self.root / "opt/smile-gate/current").readlink())

    @property
    def log(self) -> str:
        return (self.root / "var/log/smile-gate-install.log").read_text()

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.root / "opt/smile-gate/releases").glob("*"))


def extract(function: str, tree: Path) -> str:
    """Return a function of install.sh itself, which can't be sourced as it does something."""
    text = (tree / "install.sh").read_text()
    start = text.index(f"{function}() {{")
    return text[start : text.index("\n}", start) + 2]


@pytest.fixture
def fake_root(tmp_path: Path) -> FakeRoot:
    """With nothing installed."""
    return FakeRoot.make(tmp_path)


@pytest.fixture(scope="session")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> FakeRoot:
    fake_root = FakeRoot.make(tmp_path_factory.mktemp("installed"))
    done = fake_root.install()
    assert done.returncode == 0, done.stderr + fake_root.log
    return fake_root


@pytest.fixture
def installed(installed_once: FakeRoot, tmp_path: Path) -> FakeRoot:
    """With release 1 installed: a copy, to change at will."""
    return installed_once.copy(tmp_path)
