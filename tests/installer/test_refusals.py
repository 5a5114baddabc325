"""What install.sh refuses on a device, each with one line; apt and others are stand-ins."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installer.fake_root import FakeRoot, files_below, refusal, succeeded


@pytest.mark.parametrize(
    ("program", "script", "reason"),
    [
        (
            "uname",
            '[ "$1" = -s ] && echo Linux || echo armv7l',
            "expected a 64-bit system (x86_64 or aarch64), got armv7l",
        ),
        (
            "getconf",
            "echo 32",
            "expected a 64-bit system, got a 32-bit one: "
            "write the 64-bit Raspberry Pi OS to the card",
        ),
        (
            "df",
            "echo Avail; echo '  12'",
            "expected 700 MB free in {root}, got 12 MB: sudo apt clean, or a larger card",
        ),
        ("awk", "echo 200", "expected 350 MB of memory, got 200 MB"),
        (
            "date",
            '[ "$1" = +%s ] && echo 0 || echo 1970-01-01',
            "expected the clock to be set, got 1970-01-01: sudo date -s 'YYYY-MM-DD HH:MM'",
        ),
    ],
)
def test_an_unfit_machine(fake_root: FakeRoot, program: str, script: str, reason: str) -> None:
    before = files_below(fake_root.root)
    fake_root.shadow(program, script)
    assert refusal(fake_root.install()) == reason.format(root=fake_root.root)
    assert files_below(fake_root.root) == before


MAY_MOUNT = ["unshare", "--mount", "--map-root-user"]
Mounted = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mounted(fake_root: FakeRoot) -> Mounted:
    """Run install.sh in a mount namespace of its own, after some mounts."""
    if subprocess.run([*MAY_MOUNT, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount")

    def run(mounts: str, verb: str = "install", *options: str) -> subprocess.CompletedProcess[str]:
        script = f'root={fake_root.root}; {mounts} && exec bash "$@"'
        install = [str(fake_root.tree / "install.sh"), verb, "--root", str(fake_root.root), "--yes"]
        return fake_root.call([*MAY_MOUNT, "sh", "-c", script, "sh", *install, *options])

    return run


@pytest.mark.parametrize("part", ["opt", "etc"])
@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_a_read_only_card(fake_root: FakeRoot, mounted: Mounted, part: str, verb: str) -> None:
    before = files_below(fake_root.root)
    folder = f"$root/{part}"
    done = mounted(f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}", verb)
    expected = "expected to be writable; is the card read-only? (sudo mount -o remount,rw /)"
    assert refusal(done) == f"{fake_root.root}/{part}: {expected}"
    assert files_below(fake_root.root) == before


def test_a_dry_run_writes_nowhere_and_needs_no_root(fake_root: FakeRoot, mounted: Mounted) -> None:
    fake_root.shadow("id", '[ "$1" = -u ] && echo 1000 || echo pi')
    read_only = "mount --bind $root/opt $root/opt && mount -o remount,ro,bind $root/opt"
    stdout = succeeded(mounted(read_only, "install", "--dry-run"))
    assert "would make release 1, " in stdout


@pytest.mark.parametrize("size", ["1m", "15m"])
def test_a_card_that_fills_up(fake_root: FakeRoot, mounted: Mounted, size: str) -> None:
    """1 MB: while the tree is copied; 15 MB: while the venv is made."""
    done = mounted(f"mount -t tmpfs -o size={size} none $root/opt")
    assert refusal(done).endswith(f"got: no space left in {fake_root.root}/opt/smile-gate")


@pytest.mark.parametrize("system", ["ubuntu noble", "raspbian bookworm", "debian bullseye"])
def test_another_system(fake_root: FakeRoot, system: str) -> None:
    name, codename = system.split()
    (fake_root.root / "etc/os-release").write_text(f"ID={name}\nVERSION_CODENAME={codename}\n")
    reason = refusal(fake_root.install())
    assert reason.startswith("expected Raspberry Pi OS or Debian, bookworm or")
    assert reason.endswith(f"got {system} in {fake_root.root}/etc/os-release")


def test_another_python(fake_root: FakeRoot) -> None:
    python = fake_root.shadow("python", '[ "$1" = --version ] && echo Python 3.9.2')
    fake_root.variables["PYTHON"] = str(python)
    reason = f"expected Python 3.11 to 3.13, got Python 3.9.2 as {python}"
    assert refusal(fake_root.install()) == reason


def test_no_root(fake_root: FakeRoot) -> None:
    fake_root.shadow("id", '[ "$1" = -u ] && echo 1000 || echo pi')
    for verb in ("install", "uninstall"):
        # Without --yes and a terminal nothing would be installed in any case.
        reason = f"expected root, got pi: sudo ./install.sh {verb}"
        assert refusal(fake_root.run(verb)) == reason


def test_no_place_for_the_log(fake_root: FakeRoot) -> None:
    (fake_root.root / "var/log").rmdir()
    (fake_root.root / "var/log").touch()
    reason = "expected a place to write the log, got none; is the card read-only?"
    assert refusal(fake_root.install()).endswith(reason)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["install"], "expected --yes, as there is no terminal to ask in: "),
        (["upgrade"], "expected an installed release, got none: sudo ./install.sh install"),
        (["jump"], "jump: expected demo, test, install, upgrade, uninstall or status; see "),
        (["--jump"], "--jump: expected an option that ./install.sh --help names"),
        (["--offline", "/nowhere"], "--offline: expected a folder, got /nowhere"),
        (["install", "upgrade"], "upgrade: expected one verb, got install as well"),
    ],
)
def test_arguments_that_are_refused(
    fake_root: FakeRoot, arguments: list[str], message: str
) -> None:
    done = fake_root.run("--root", str(fake_root.root), *arguments)
    assert refusal(done).startswith(message)


def test_two_at_once(fake_root: FakeRoot) -> None:
    done = fake_root.functions("bash install.sh install --root $root --yes 9>&- || true")
    expected = "expected to be alone, but another install.sh is at work: wait for it"
    assert done.stderr == f"install.sh: {expected}\n"


def test_no_wheels(installed: FakeRoot) -> None:
    done = installed.functions('offline=/var/empty; pip_install "$opt/releases/1" no-such-package')
    reason = refusal(done)
    assert reason.startswith("pip failed: ERROR: ")
    assert "bring wheels with --offline DIR" in reason


LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt)"


def test_a_locked_apt_is_waited_for(fake_root: FakeRoot) -> None:
    fake_root.shadow("sleep", "")
    mark = fake_root.root / "tried"
    fake_root.shadow("apt-get", f'[ -e {mark} ] || {{ touch {mark}; echo "{LOCKED}"; exit 100; }}')
    succeeded(fake_root.functions("apt_get update"))
    mark.unlink()
    reason = refusal(fake_root.functions("LOCK_SECONDS=0; apt_get update"))
    assert reason.startswith("expected apt to be free within 0 s, got: E: Could ")


def test_apt_without_a_network(fake_root: FakeRoot) -> None:
    fake_root.shadow("apt-get", 'echo "E: Failed to fetch http://x Could not resolve"; exit 100')
    reason = refusal(fake_root.functions("apt_install python3-opencv"))
    assert reason.startswith("apt-get update failed: E: Failed to fetch http://x ")
    assert "bring packages with --offline DIR" in reason


def test_a_package_that_apt_does_not_know(fake_root: FakeRoot) -> None:
    fake_root.shadow("apt-get", "")
    fake_root.shadow("apt-cache", 'echo "  Candidate: (none)"')
    assert refusal(fake_root.functions("apt_install python3-picamera2")) == (
        "expected apt to know python3-picamera2, got no such package; "
        "picamera2 and lgpio come with Raspberry Pi OS, not with Debian"
    )


def build(folder: Path, name: str, *fields: str, version: str = "1.0") -> None:
    """Make an empty Debian package."""
    control = folder / "build" / name / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: us\n"
        + "".join(f"{field}\n" for field in ("Description: none", *fields))
    )
    call = ["dpkg-deb", "--build", str(control.parents[1]), str(folder)]
    subprocess.run(call, check=True, capture_output=True)
    shutil.rmtree(folder / "build")


@pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="needs apt and dpkg"
)
def test_packages_that_were_brought_need_no_others(fake_root: FakeRoot, tmp_path: Path) -> None:
    """The real apt simulates. The installed bash is later than the bash that was brought."""
    no_cache = "--option Dir::Cache::pkgcache= --option Dir::Cache::srcpkgcache="
    fake_root.shadow("apt-get", f'exec /usr/bin/apt-get --simulate {no_cache} "$@"')
    folder = tmp_path / "brought"
    build(folder, "smile-one", "Depends: smile-two (>= 1), bash")
    build(folder, "bash", version="0.1")
    install = f"offline={folder}; apt_install smile-one"
    failed = "apt-get install failed: smile-one : Depends: smile-two (>= 1) but it "
    assert refusal(fake_root.functions(install)).startswith(failed)

    build(folder, "smile-two")
    assert fake_root.functions(install).returncode == 0
    assert "Inst smile-two" in fake_root.log
    assert "Inst smile-one" in fake_root.log
    assert "Inst bash" not in fake_root.log

    (folder / "broken.deb").write_text("no package")
    broken = f"{folder}/broken.deb: expected a Debian package, got something else"
    assert refusal(fake_root.functions(install)) == broken


def test_no_packages_were_brought(fake_root: FakeRoot, tmp_path: Path) -> None:
    done = fake_root.functions(f"offline={tmp_path}; apt_install python3-opencv")
    reason = f"expected .deb files of python3-opencv in {tmp_path}, got none that are new here"
    assert refusal(done) == reason


def test_undoing_apt_removes_what_is_new_only(fake_root: FakeRoot) -> None:
    fake_root.shadow("dpkg", "")
    fake_root.shadow("apt-get", f'echo "$@" >>{fake_root.root}/calls')
    fake_root.shadow("dpkg-query", "printf 'ii  bash\\nii  new\\nii  python3\\nun  never\\n'")
    succeeded(fake_root.functions("packages_before=$(printf 'bash\\npython3'); undo_packages"))
    assert (fake_root.root / "calls").read_text().endswith(" purge -- new\n")
    (fake_root.root / "calls").unlink()
    # Before the list of new packages is known:
    assert fake_root.functions("undo_packages").returncode == 0
    assert not (fake_root.root / "calls").exists()


def test_a_step_that_cannot_be_undone_is_reported(fake_root: FakeRoot) -> None:
    done = fake_root.functions("""
        have_thing() { false; }
        do_thing() { fail "it broke"; }
        undo_thing() { fail "and so did this"; }
        step thing "do a thing"
    """)
    told = f"that could not be undone; details: {fake_root.root}/var/log/smile-gate-install.log"
    assert done.returncode == 1
    assert done.stderr == f"install.sh: it broke\ninstall.sh: {told}\n"
    assert "install.sh: and so did this" in fake_root.log


def test_a_coral_on_pci_express(fake_root: FakeRoot) -> None:
    set_up = "would set up the Coral USB accelerator"
    assert set_up in fake_root.install("--coral", "--dry-run").stdout
    vendor = fake_root.root / "sys/bus/pci/devices/0/vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x1ac1\n")
    reason = refusal(fake_root.install("--coral", "--dry-run"))
    assert reason.startswith("expected a Coral on USB, got one on PCI Express: ")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (139, "install.sh: expected libedgetpu1-std to load, but it crashes"),
        (1, "no Coral accelerator answered on USB"),
    ],
)
def test_a_coral_that_does_not_answer(fake_root: FakeRoot, code: int, message: str) -> None:
    fake_root.shadow("runuser", f"echo 'ValueError: no such device'; exit {code}")
    done = fake_root.functions("python=$PYTHON; probe_coral")
    assert (done.stderr or done.stdout).startswith(message)
    assert done.returncode == (1 if code > 1 else 0)


def test_a_coral_that_is_set_up_is_tried_again(installed: FakeRoot) -> None:
    installed.shadow("dpkg-query", "echo 'ii  16.0'")
    installed.shadow("runuser", "")
    fit = "check_device() { python=$PYTHON; }; check_coral() { true; };"
    stdout = succeeded(installed.functions(f"{fit} coral=true; device_install"))
    assert stdout.startswith("the Coral accelerator on USB answers\n")
    assert stdout.splitlines()[-1].startswith("nothing to do: release 1, ")


def test_a_package_of_which_only_settings_are_left_is_not_there(fake_root: FakeRoot) -> None:
    fake_root.shadow("dpkg-query", "echo 'rc  16.0'")
    assert fake_root.functions("have_coral").returncode == 1
    fake_root.shadow("dpkg-query", "echo 'hi  16.0'")
    assert fake_root.functions("have_coral").returncode == 0


@pytest.mark.parametrize(
    ("state", "verb", "left"),
    [("disabled", "upgrade", True), ("enabled", "upgrade", False), ("disabled", "install", False)],
)
def test_an_upgrade_leaves_a_gate_disabled(
    fake_root: FakeRoot, state: str, verb: str, left: bool
) -> None:
    is_enabled = f"echo {state}; [ {state} = enabled ]"
    fake_root.shadow(
        "systemctl", f'case "$*" in *is-enabled*) {is_enabled} ;; *) echo dead ;; esac'
    )
    done = fake_root.functions(f"root='' verb={verb}; systemd_runs() {{ true; }}; have_service")
    assert (done.returncode == 0) == left


def test_what_came_with_apt_is_named_at_a_purge(fake_root: FakeRoot) -> None:
    purge = "record 'apt python3-opencv'; purge=true; purge_the_rest; say_what_stays"
    stdout = succeeded(fake_root.functions(purge))
    assert "sudo apt-get remove --autoremove python3-opencv\n" in stdout
