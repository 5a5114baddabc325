"""install.sh in a fake root: its files after an installation, a failure and an uninstallation."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.installer.fake_root import FakeRoot, files_below, interrupt, refusal, succeeded

SETTINGS = "etc/smile-gate/smile-gate.toml"
UNIT = "etc/systemd/system/smile-gate.service"
TMPFILES = "etc/tmpfiles.d/smile-gate.conf"
WRITTEN = (SETTINGS, UNIT, TMPFILES, "etc/udev/rules.d/60-smile-gate.rules")


def change(fake_root: FakeRoot, file: str, old: str, new: str) -> None:
    path = fake_root.tree / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dry-run", "--root", "{root}", "install"),
        ("--root", "{root}", "install", "--dry-run"),
        ("install", "--dry-run", "--root", "{root}"),
        ("--yes", "install", "--root", "../root", "--dry-run"),
    ],
)
def test_a_dry_run_changes_nothing_in_whatever_order_its_options_are(
    fake_root: FakeRoot, arguments: tuple[str, ...]
) -> None:
    before = files_below(fake_root.root)
    stdout = succeeded(fake_root.run(*(word.format(root=fake_root.root) for word in arguments)))
    assert "would make release 1, " in stdout
    assert f" in {fake_root.root}/opt/" in stdout
    assert files_below(fake_root.root) == before


def test_files_after_an_installation(installed: FakeRoot) -> None:
    others = ("usr/local/bin/smile-gate", "var/log/smile-gate-install.log")
    assert {*WRITTEN, *others} <= set(files_below(installed.root))
    assert installed.current == "releases/1"
    unit = (installed.root / UNIT).read_text()
    assert unit == (installed.tree / "systemd/smile-gate.service").read_text()
    assert "the model's self-test passed" in installed.log


def test_a_second_time_there_is_nothing_to_do_even_on_a_full_card(installed: FakeRoot) -> None:
    installed.shadow("df", "echo Avail; echo '  12'")
    before = files_below(installed.root)
    began = time.monotonic()
    stdout = succeeded(installed.install())
    assert re.fullmatch(
        r"nothing to do: release 1, .* is installed; \d+ MB in /.*, \d+ s\n", stdout
    )
    assert time.monotonic() - began < 10.0
    assert files_below(installed.root) == before


def test_a_damaged_release_is_made_anew_beside_itself(installed: FakeRoot) -> None:
    releases = installed.root / "opt/smile-gate/releases"
    next((releases / "1/venv/lib").glob("python3.*/site-packages/edge/faces/haar.py")).unlink()
    stdout = succeeded(installed.install())
    assert stdout.startswith("release 1 works no more: ERROR: ")
    assert installed.current == "releases/2"
    assert installed.releases == ["2"]
    assert installed.install().stdout.startswith("nothing to do: release 2, ")


def test_every_file_is_synced_before_it_is_renamed(installed: FakeRoot) -> None:
    for name in ("sync", "mv"):
        installed.shadow(
            name, f'echo {name} "$@" >>{installed.programs}/calls; exec /bin/{name} "$@"'
        )
    succeeded(installed.functions("record 'user x'; write_config 1; point_to 1"))
    calls = (installed.programs / "calls").read_text().splitlines()
    for file in (*WRITTEN, "etc/smile-gate/.made-by-install", "opt/smile-gate/current"):
        path = installed.root / file
        index = calls.index(f"mv -T -- {path}.new {path}")
        assert calls[index - 1] == f"sync -- {path}.new"
        assert calls[index + 1] == f"sync -- {path.parent}"


def test_a_power_cut_between_two_files_leaves_each_whole(installed: FakeRoot) -> None:
    """Killed as the second file is renamed; an uninstallation removes the temporary file too."""
    second = installed.tree / "mark"
    kill = f'[ -e {second} ] && {{ kill -9 $PPID; exit; }}; touch {second}; exec /bin/mv "$@"'
    installed.shadow("mv", kill)
    for path in (installed.root / "opt/smile-gate/releases/1/systemd").glob("smile-gate.*"):
        path.write_text(path.read_text() + "# two\n")
    assert installed.functions("place_system_files 1").returncode == -signal.SIGKILL
    unit = (installed.root / UNIT).read_text()
    tmpfiles = installed.root / TMPFILES
    assert unit.endswith("# two\n")
    assert tmpfiles.read_text() == (installed.tree / "systemd/smile-gate.tmpfiles").read_text()
    assert tmpfiles.with_name("smile-gate.conf.new").exists()
    (installed.programs / "mv").unlink()
    assert installed.install("--purge", verb="uninstall").returncode == 0
    assert not [path for path in files_below(installed.root) if "smile-gate" in path]


def test_status(installed_once: FakeRoot, fake_root: FakeRoot) -> None:
    done = installed_once.run("status", "--root", str(installed_once.root))
    assert done.stdout.startswith("current: release 1, smile-gate ")
    done = fake_root.run("status", "--root", str(fake_root.root))
    assert (done.returncode, done.stdout) == (1, "smile-gate is not installed\n")


def test_an_upgrade_is_switched_to_and_says_what_can_be_set_now(installed: FakeRoot) -> None:
    settings = installed.root / SETTINGS
    settings.write_text(settings.read_text() + "# mine\n")
    old = "    hold_s: Annotated["
    new = "    patience_s: float = 1.0\n    grace_s: float | None = None\n"
    change(installed, "edge/settings/trigger.py", old, f"{new}{old}")
    change(installed, "systemd/smile-gate.service", "WatchdogSec=30", "WatchdogSec=31")
    stdout = succeeded(installed.install(verb="upgrade"))
    assert installed.current == "releases/2"
    assert installed.releases == ["1", "2"]
    unit = (installed.root / UNIT).read_text()
    assert "WatchdogSec=31" in unit
    named = stdout.partition("new settings (smile-gate config explain NAME):\n")[2]
    assert named.startswith("  trigger.grace_s\n  trigger.patience_s\ndone: ")
    assert settings.read_text().endswith("# mine\n")


def test_the_last_two_releases_stay_and_the_one_in_use(installed: FakeRoot) -> None:
    folder = installed.root / "opt/smile-gate/releases"
    for number in ("2", "3", "4"):
        (folder / number).mkdir()
        (folder / number / "complete").touch()
    (folder / "5").mkdir()  # half of a release
    assert installed.functions("prune_releases").returncode == 0
    assert installed.releases == ["1", "3", "4"]


def test_unedited_settings_become_those_of_the_release(installed: FakeRoot) -> None:
    second = installed.root / "opt/smile-gate/releases/2/systemd/smile-gate.toml"
    second.parent.mkdir(parents=True)
    second.write_text("# new\n")
    settings = installed.root / SETTINGS
    assert installed.functions("release=2 previous=1; place_config").returncode == 0
    assert settings.read_text() == "# new\n"
    settings.write_text("# mine\n")
    assert installed.functions("release=1 previous=2; place_config").returncode == 0
    assert settings.read_text() == "# mine\n"


def test_a_release_whose_self_test_fails_is_not_switched_to(installed: FakeRoot) -> None:
    before = files_below(installed.root)
    model = installed.tree / "models/smilenet/smilenet.tflite"
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    done = installed.install(verb="upgrade")
    assert refusal(done).startswith("release 2 does not work here: ERROR: BundleError: ")
    assert installed.current == "releases/1"
    after = [path for path in files_below(installed.root) if "pip-cache" not in path]
    assert after == before


def test_settings_that_a_release_refuses(installed: FakeRoot) -> None:
    (installed.root / SETTINGS).write_text("[trigger]\nhold = 1\n")
    done = installed.functions("release=1; check_settings")
    assert refusal(done).startswith("release 1 does not take the settings: ")
    assert "trigger.hold: expected a key among" in done.stderr


def use_python(fake_root: FakeRoot, at_venv: str) -> None:
    """Have install.sh use a Python that does something else when it is to make a venv."""
    script = f'case "$*" in "-m venv"*) {at_venv} ;; *) exec {sys.executable} "$@" ;; esac'
    fake_root.variables["PYTHON"] = str(fake_root.shadow("python", script))


def test_what_fails_is_undone_and_the_next_run_goes_on(fake_root: FakeRoot) -> None:
    use_python(fake_root, "echo no room; exit 1")
    before = files_below(fake_root.root)
    assert refusal(fake_root.install()) == "expected a virtual environment, got: no room"
    left = set(files_below(fake_root.root)) - set(before)
    assert left == {"opt/smile-gate", "var/log/smile-gate-install.log"}
    fake_root.variables.clear()
    half = fake_root.root / "opt/smile-gate/releases/1/edge"  # as a power cut leaves it
    half.mkdir(parents=True)
    assert fake_root.install().returncode == 0
    assert fake_root.current == "releases/1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_step_is_undone(fake_root: FakeRoot, number: signal.Signals) -> None:
    began = fake_root.root / "began"
    use_python(fake_root, f"touch {began}; exec sleep 60")
    install = [*fake_root.install_sh, "install", "--root", str(fake_root.root), "--yes"]
    started = fake_root.start(install)
    message = interrupt(started, number, began)[-1]  # after a SIGTERM, bash prints a line before
    assert started.returncode == 128 + number
    assert message.startswith("install.sh: interrupted while it was to make release 1, ")
    assert message.endswith("which is undone; run it again to go on")
    assert not (fake_root.root / "opt/smile-gate/releases").exists()


def test_a_key_is_allowed_once_and_until_the_uninstallation(installed: FakeRoot) -> None:
    drop_in = installed.root / "etc/systemd/system/smile-gate.service.d/key.conf"
    words = "let the service press a key, with python3-evdev and /etc/systemd/system/smile-gate."
    assert f"would {words}" in installed.install("--key", "--dry-run").stdout
    assert not drop_in.exists()
    assert installed.install("--key").stdout.startswith(words)
    assert drop_in.read_text() == (installed.tree / "systemd/key.conf").read_text()
    assert installed.install("--key").stdout.startswith("nothing to do: ")
    assert installed.install(verb="uninstall").returncode == 0
    assert not drop_in.parent.exists()


STEPS = {
    # step: (the slow program that the step calls, what undoing the step calls)
    "packages": ("apt-get", "apt-get .* purge -- new"),
    "user": ("systemd-sysusers", "userdel smile-gate"),
    "switch": ("mv", ""),
    "service": ("systemctl", ""),  # in a fake root nothing was started
}


@pytest.mark.parametrize("step", STEPS)
def test_ctrl_c_in_each_step_undoes_it(installed: FakeRoot, step: str) -> None:
    """Programs that would change this machine are stand-ins; the release's step is tested above."""
    slow, undoing = STEPS[step]
    calls, began = installed.programs / "calls", installed.programs / "began"
    for name in ("apt-get", "dpkg", "systemd-sysusers", "userdel", "groupdel", "systemctl"):
        installed.shadow(name, f'echo {name} "$@" >>{calls}')
    installed.shadow("dpkg-query", f"echo 'ii  bash'; [ ! -e {began} ] || echo 'ii  new'")
    once = f'[ -e {began} ] || {{ touch {began}; exec sleep 60; }}; echo {slow} "$@" >>{calls}'
    installed.shadow(slow, once + ('; exec /bin/mv "$@"' if slow == "mv" else ""))
    before = files_below(installed.root / "opt"), installed.current
    started = installed.start(
        installed.script(f"""
            release=1 previous=1 python=$PYTHON
            have_{step}() {{ false; }}
            missing_packages() {{ echo new; }}
            missing_accounts() {{ [ -e {calls} ] || echo user smile-gate; }}
            getent() {{ true; }}
            step {step} "do what takes its time"
        """)
    )
    message = interrupt(started, signal.SIGINT, began)[-1]
    assert started.returncode == 130
    assert message.startswith(
        "install.sh: interrupted while it was to do what takes its time, which is undone; run it"
    )
    assert re.search(undoing, calls.read_text() if calls.exists() else "")
    left = [path for path in files_below(installed.root / "opt") if not path.endswith(".new")]
    assert (left, installed.current) == before


def test_an_uninstallation_keeps_settings_and_state_and_a_purge_nothing(
    installed: FakeRoot, tmp_path: Path
) -> None:
    picture = installed.root / "var/lib/smile-gate/pictures/1.jpg"
    picture.parent.mkdir(parents=True)
    picture.touch()
    succeeded(installed.install(verb="uninstall"))
    left = [path for path in files_below(installed.root) if "smile-gate" in path]
    assert left == [
        "etc/smile-gate",
        SETTINGS,
        "var/lib/smile-gate",
        "var/lib/smile-gate/pictures",
        "var/lib/smile-gate/pictures/1.jpg",
    ]
    assert installed.install("--purge", verb="uninstall").returncode == 0
    assert files_below(installed.root) == files_below(FakeRoot.make(tmp_path / "never").root)
    done = installed.install("--purge", verb="uninstall")
    assert done.stdout == "nothing to remove: smile-gate is not installed\n"
