"""An upgrade of a device that runs an earlier release, whose modules had other paths."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.installer.fake_root import FILES, FOLDERS, FakeRoot, succeeded

EARLIER = "3c1ce2be55c6f475d5359d8f72766ef56df47be1"
"""The last commit before the packages were grouped into rooms."""


@pytest.fixture
def earlier(tmp_path: Path) -> FakeRoot:
    """A root on which the earlier release is installed, and its tree."""
    if shutil.which("git") is None:
        pytest.skip("the earlier release is taken from git, which is not installed here")
    archive = subprocess.run(
        ["git", "archive", EARLIER, *FILES, *FOLDERS], check=False, capture_output=True, cwd=ROOT
    )
    if archive.returncode:
        pytest.skip(f"git has no commit {EARLIER[:7]} here: this is a copy without its history")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(tmp_path / "earlier", filter="data")
    fake_root = FakeRoot.make(tmp_path)
    fake_root.take_tree(tmp_path / "earlier")
    succeeded(fake_root.install())
    return fake_root


def assert_runs(fake_root: FakeRoot, release: str, module: str) -> None:
    """Assert that this release is the current one, contains a module, and fires at a smile."""
    assert fake_root.current == f"releases/{release}"
    venv = fake_root.root / "opt/smile-gate/current/venv"
    assert len(list(venv.glob(f"lib/python3.*/site-packages/{module}"))) == 1
    demo = ["run", "--source", "demo", "--events", "-"]
    done = fake_root.call([str(venv / "bin/smile-gate"), *demo])
    assert done.returncode == 0, done.stderr
    assert '"event": "fired"' in done.stdout


def test_an_earlier_release_is_upgraded_or_stays(earlier: FakeRoot) -> None:
    """It stays when the new release fails while it is watched."""
    unit = earlier.root / "etc/systemd/system/smile-gate.service"
    old_unit = unit.read_text()
    earlier.take_tree(ROOT)
    watched = earlier.functions("""
        verb=upgrade
        check_device() { python=$PYTHON; }
        service_is() { true; }
        start_service() { note "to $1 it"; }
        watch_service() { [ "$(current_release)" = 2 ] || exit 3; fail "it fell"; }
        device_upgrade
    """)
    assert (watched.returncode, watched.stderr) == (1, "install.sh: it fell\n")
    assert_runs(earlier, "1", "edge/preprocess.py")
    assert unit.read_text() == old_unit

    succeeded(earlier.install(verb="upgrade"))
    assert_runs(earlier, "2", "edge/model/crop.py")
    assert unit.read_text() == (ROOT / "systemd/smile-gate.service").read_text()
    assert earlier.releases == ["1", "2"]
