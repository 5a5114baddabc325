from __future__ import annotations

from pathlib import Path

import pytest

from tests.installer.fake_root import FakeRoot


@pytest.fixture
def fake_root(tmp_path: Path) -> FakeRoot:
    """A root with nothing installed."""
    return FakeRoot.make(tmp_path)


@pytest.fixture(scope="session")
def installed_once(tmp_path_factory: pytest.TempPathFactory) -> FakeRoot:
    fake_root = FakeRoot.make(tmp_path_factory.mktemp("installed"))
    done = fake_root.install()
    assert done.returncode == 0, done.stderr + fake_root.log
    return fake_root


@pytest.fixture
def installed(installed_once: FakeRoot, tmp_path: Path) -> FakeRoot:
    """A root of its own with release 1 installed."""
    return installed_once.copy(tmp_path)
