"""A release that is switched to while the gate runs: watched, then kept or left."""

from __future__ import annotations

import shutil
import signal
import time

from tests.installer.fake_root import FakeRoot

WATCH = """
    WATCHED_SECONDS=1 READY_SECONDS=1 release=2 previous=1
    journalctl() { echo "what the service said"; }
    service_state() { echo %s; }
    watch_service
"""


def test_a_release_is_watched(fake_root: FakeRoot) -> None:
    fake_root.shadow("systemctl", "")
    mark = fake_root.root / "opt/smile-gate/releases/2/complete"
    mark.parent.mkdir(parents=True)
    assert fake_root.functions(WATCH % "running").returncode == 0
    for state in ("failed", "auto-restart", "start"):
        mark.touch()
        done = fake_root.functions(WATCH % state)
        expected = f"install.sh: expected release 2 to run for 1 s, got {state}: back to release 1"
        assert done.stderr.startswith(expected)
        assert not mark.exists()
    mark.touch()
    again = "previous=2;" + (WATCH % "failed").replace("previous=1", "")
    assert fake_root.functions(again).returncode == 1
    assert mark.exists()  # it runs: the next release must not be built over it
    fake_root.shadow("systemctl", "echo 12 smile-gate.service restart running")
    began = time.monotonic()
    assert fake_root.functions(WATCH % "dead").returncode == 1
    assert time.monotonic() - began > 0.9  # it was waited for, in whole seconds
    assert "what the service said" in fake_root.log


def test_a_power_cut_while_a_release_is_watched(installed: FakeRoot) -> None:
    """The next run watches the release again, and goes back to the release before it, as from a
    release that fails without a power cut."""
    installed.shadow("systemctl", "")
    opt = installed.root / "opt/smile-gate"
    shutil.copytree(opt / "releases/1", opt / "releases/2", symlinks=True)
    for path in (opt / "releases/2/systemd").glob("smile-gate.*"):
        path.write_text(path.read_text() + "# two\n")
    switch = """
        check_settings() {{ true; }}
        service_is() {{ {running}; }}
        systemd_runs() {{ true; }}
        reread_system_files() {{ true; }}
        start_service() {{ note "to $1 it"; }}
        watch_service() {{ {watch}; }}
        step switch "make release $release the current one"
    """
    cut = "release=2 previous=1;" + switch.format(running="true", watch="kill -9 $$")
    assert installed.functions(cut).returncode == -signal.SIGKILL
    assert installed.current == "releases/2"
    placed = ("etc/systemd/system/smile-gate.service", "etc/smile-gate/smile-gate.toml")
    assert all("# two" in (installed.root / file).read_text() for file in placed)
    (opt / "releases/1/complete").write_text("of an older tree")
    (opt / "releases/2/complete").write_text(installed.functions("python=$PYTHON; identity").stdout)

    again = "python=$PYTHON; choose_release; echo $previous $release;" + switch
    done = installed.functions(again.format(running="false", watch='fail "it fell"'))
    assert (done.returncode, done.stderr) == (1, "install.sh: it fell\n")
    assert done.stdout.startswith("1 2\n")
    assert installed.log.count("to restart it") == 3  # up to the cut, to watch it, and back
    assert installed.current == "releases/1"
    assert not any("# two" in (installed.root / file).read_text() for file in placed)
    assert not (opt / "trial").exists()


def test_a_release_in_use_is_not_built_over(installed: FakeRoot) -> None:
    (installed.root / "opt/smile-gate/releases/1/complete").unlink()
    done = installed.functions("python=$PYTHON; choose_release; echo $previous $release")
    assert done.stdout == "1 2\n"
