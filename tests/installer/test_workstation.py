"""What install.sh demo and test refuse, each with one line; they succeed where these tests run."""

from __future__ import annotations

import pytest

from tests.installer.fake_root import FakeRoot, refusal


def test_no_verb(fake_root: FakeRoot) -> None:
    done = fake_root.run()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ./install.sh demo")
    here = "this is no Raspberry Pi: only there, as root, it is install without a verb"
    last = done.stderr.splitlines()[-1]
    assert last == f"install.sh: expected demo or test, got none; {here}"


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_a_dry_run_says_what_it_would_do(fake_root: FakeRoot, verb: str) -> None:
    done = fake_root.run("--dry-run", verb)
    making, installing, running = done.stdout.splitlines()
    assert (making, installing) == (
        "would make .venv",
        f"would install smile-gate into it, with its {verb} packages",
    )
    assert running.startswith("would run ")
    assert not (fake_root.tree / ".venv").exists()


def test_a_32_bit_system(fake_root: FakeRoot) -> None:
    fake_root.shadow("uname", '[ "$1" = -s ] && echo Linux || echo armv7l')
    expected = "expected a 64-bit system (x86_64 or aarch64), got armv7l"
    assert refusal(fake_root.run("demo")) == expected


def test_a_python_that_does_not_fit(fake_root: FakeRoot) -> None:
    fake_root.variables["PYTHON"] = "/bin/false"
    expected = "PYTHON=/bin/false: expected a 64-bit Python 3.11 to 3.13"
    assert refusal(fake_root.run("demo")) == expected


def test_a_python_without_venv(fake_root: FakeRoot) -> None:
    python = fake_root.shadow("fake-python", 'case "$*" in *venv*) exit 1 ;; esac')
    fake_root.variables["PYTHON"] = str(python)
    reason = refusal(fake_root.run("demo"))
    assert "cannot make a virtual environment; on Debian: sudo apt install python3-venv" in reason
    assert not (fake_root.tree / ".venv").exists()


def test_a_venv_of_the_users_own_is_left_alone(fake_root: FakeRoot) -> None:
    mine = fake_root.tree / ".venv" / "mine"
    mine.parent.mkdir()
    mine.touch()
    reason = refusal(fake_root.run("demo"))
    assert "is not ours and has no pip that works: move it away" in reason
    assert mine.exists()


def test_no_network(fake_root: FakeRoot) -> None:
    """With the first Python on the PATH that fits, without the packages of the tests' Python."""
    nothing = dict.fromkeys(("PYTHON", "PYTHONPATH", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"), "")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    fake_root.variables = {**nothing, **nowhere, "PIP_NO_BUILD_ISOLATION": "1"}
    reason = refusal(fake_root.run("demo"))
    assert reason.startswith("pip failed: ")
    assert "see .venv/install.log" in reason
