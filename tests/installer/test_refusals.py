"""What install.sh refuses on a device, each with one line; apt and the like are stand-ins."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installer.fake_root import Device, files_below


@pytest.mark.parametrize(
    ("program", "script", "refusal"),
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
def test_a_machine_that_will_not_do(
    device: Device, program: str, script: str, refusal: str
) -> None:
    before = files_below(device.root)
    device.shadow(program, script)
    done = device.install()
    assert done.returncode == 1
    assert done.stderr == f"install.sh: {refusal.format(root=device.root)}\n"
    assert files_below(device.root) == before


MAY_MOUNT = ["unshare", "--mount", "--map-root-user"]


@pytest.fixture
def mounted(device: Device) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run install.sh where something else is mounted, for it alone."""
    if subprocess.run([*MAY_MOUNT, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount")

    def run(mounts: str, verb: str = "install", *options: str) -> subprocess.CompletedProcess[str]:
        script = f'root={device.root}; {mounts} && exec bash "$@"'
        install = [str(device.tree / "install.sh"), verb, "--root", str(device.root), "--yes"]
        install += options
        started = device.start_call([*MAY_MOUNT, "sh", "-c", script, "sh", *install])
        out, err = started.communicate(timeout=120.0)
        return subprocess.CompletedProcess(install, started.returncode, out, err)

    return run


@pytest.mark.parametrize("part", ["opt", "etc"])
@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_a_read_only_card(
    device: Device, mounted: Callable[..., subprocess.CompletedProcess[str]], part: str, verb: str
) -> None:
    before = files_below(device.root)
    folder = f"$root/{part}"
    done = mounted(f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}", verb)
    expected = "expected to be writable; is the card read-only? (sudo mount -o remount,rw /)"
    assert done.stderr == f"install.sh: {device.root}/{part}: {expected}\n"
    assert files_below(device.root) == before


def test_a_dry_run_writes_nowhere_and_needs_no_root(
    device: Device, mounted: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    device.shadow("id", '[ "$1" = -u ] && echo 1000 || echo pi')
    read_only = "mount --bind $root/opt $root/opt && mount -o remount,ro,bind $root/opt"
    done = mounted(read_only, "install", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "would make release 1, " in done.stdout


@pytest.mark.parametrize("size", ["1m", "15m"])
def test_a_card_that_is_full_sooner_than_foreseen(
    device: Device, mounted: Callable[..., subprocess.CompletedProcess[str]], size: str
) -> None:
    """While the tree is copied, and while the venv is made."""
    done = mounted(f"mount -t tmpfs -o size={size} none $root/opt")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.endswith(f"got: no space left in {device.root}/opt/smile-gate\n")


@pytest.mark.parametrize("system", ["ubuntu noble", "raspbian bookworm", "debian bullseye"])
def test_another_system(device: Device, system: str) -> None:
    name, codename = system.split()
    (device.root / "etc/os-release").write_text(f"ID={name}\nVERSION_CODENAME={codename}\n")
    expected = f"got {system} in {device.root}/etc/os-release\n"
    done = device.install()
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: expected Raspberry Pi OS or Debian, bookworm or")
    assert done.stderr.endswith(expected)


def test_another_python(device: Device) -> None:
    python = device.shadow("python", '[ "$1" = --version ] && echo Python 3.9.2')
    device.variables["PYTHON"] = str(python)
    done = device.install()
    assert (
        done.stderr == f"install.sh: expected Python 3.11 to 3.13, got Python 3.9.2 as {python}\n"
    )


def test_no_root(device: Device) -> None:
    device.shadow("id", '[ "$1" = -u ] && echo 1000 || echo pi')
    for verb in ("install", "uninstall"):
        done = device.run(verb)  # without --yes and a terminal it would not get far in any case
        assert done.returncode == 1
        assert done.stderr == f"install.sh: expected root, got pi: sudo ./install.sh {verb}\n"


def test_no_place_for_the_log(device: Device) -> None:
    (device.root / "var/log").rmdir()
    (device.root / "var/log").touch()
    done = device.install()
    assert done.stderr.endswith(
        "expected a place to write the log, got none; is the card read-only?\n"
    )


def test_nobody_to_ask(device: Device) -> None:
    done = device.run("install", "--root", str(device.root))
    assert done.returncode == 1
    assert "expected --yes, as there is no terminal to ask in: " in done.stderr


def test_an_upgrade_of_nothing(device: Device) -> None:
    done = device.install(verb="upgrade")
    expected = "expected an installed release, got none: sudo ./install.sh install"
    assert done.stderr == f"install.sh: {expected}\n"


def test_unknown_options_and_folders(device: Device) -> None:
    done = device.install("--jump")
    assert done.stderr == "install.sh: --jump: expected an option that ./install.sh --help names\n"
    done = device.install("--offline", "/nowhere")
    assert done.stderr == "install.sh: --offline: expected a folder, got /nowhere\n"


def test_two_verbs(device: Device) -> None:
    done = device.install("upgrade")
    assert done.stderr == "install.sh: upgrade: expected one verb, got install as well\n"


def test_two_at_once(device: Device) -> None:
    done = device.functions("bash install.sh install --root $root --yes 9>&- || true")
    expected = "expected to be alone, but another install.sh is at work: wait for it"
    assert done.stderr == f"install.sh: {expected}\n"


def test_no_wheels(installed: Device) -> None:
    done = installed.functions('offline=/var/empty; pip_install "$opt/releases/1" no-such-package')
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "install.sh: pip failed: ERROR: " in done.stderr
    assert "bring wheels with --offline DIR" in done.stderr


LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt)"


def test_a_locked_apt_is_waited_for(device: Device) -> None:
    device.shadow("sleep", "")
    mark = device.root / "tried"
    device.shadow("apt-get", f'[ -e {mark} ] || {{ touch {mark}; echo "{LOCKED}"; exit 100; }}')
    done = device.functions("apt_get update")
    assert (done.returncode, done.stderr) == (0, "")
    mark.unlink()
    done = device.functions("LOCK_SECONDS=0; apt_get update")
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: expected apt to be free within 0 s, got: E: Could ")


def test_apt_without_a_network(device: Device) -> None:
    device.shadow("apt-get", 'echo "E: Failed to fetch http://x Could not resolve"; exit 100')
    done = device.functions("apt_install python3-opencv")
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: apt-get update failed: E: Failed to fetch http://x ")
    assert "bring packages with --offline DIR" in done.stderr


def test_a_package_that_apt_does_not_know(device: Device) -> None:
    device.shadow("apt-get", "")
    device.shadow("apt-cache", 'echo "  Candidate: (none)"')
    done = device.functions("apt_install python3-picamera2")
    expected = (
        "expected apt to know python3-picamera2, got no such package; "
        "picamera2 and lgpio come with Raspberry Pi OS, not with Debian"
    )
    assert done.stderr == f"install.sh: {expected}\n"


def build(folder: Path, name: str, *fields: str, version: str = "1.0") -> None:
    """Make a package with nothing in it."""
    control = folder / "build" / name / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    about = ("Architecture: all", "Maintainer: us", "Description: none")
    lines = (f"Package: {name}", f"Version: {version}", *about, *fields)
    control.write_text("\n".join(lines) + "\n")
    call = ["dpkg-deb", "--build", str(control.parents[1]), str(folder)]
    subprocess.run(call, check=True, capture_output=True)
    shutil.rmtree(folder / "build")


@pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg-deb")), reason="needs apt and dpkg"
)
def test_packages_that_were_brought_need_no_others(device: Device, tmp_path: Path) -> None:
    """Asked is the real apt, which does not act on it. Here there is a bash, and a later one."""
    no_cache = "--option Dir::Cache::pkgcache= --option Dir::Cache::srcpkgcache="
    device.shadow("apt-get", f'exec /usr/bin/apt-get --simulate {no_cache} "$@"')
    folder = tmp_path / "brought"
    build(folder, "smile-one", "Depends: smile-two (>= 1), bash")
    build(folder, "bash", version="0.1")
    install = f"offline={folder}; apt_install smile-one"
    done = device.functions(install)
    assert done.returncode == 1
    failed = "install.sh: apt-get install failed: smile-one : Depends: smile-two (>= 1) but it "
    assert done.stderr.startswith(failed)
    assert done.stderr.count("\n") == 1

    build(folder, "smile-two")
    assert device.functions(install).returncode == 0
    assert "Inst smile-two" in device.log
    assert "Inst smile-one" in device.log
    assert "Inst bash" not in device.log

    (folder / "broken.deb").write_text("no package")
    broken = f"install.sh: {folder}/broken.deb: expected a Debian package, got something else\n"
    assert device.functions(install).stderr == broken


def test_no_packages_were_brought(device: Device, tmp_path: Path) -> None:
    done = device.functions(f"offline={tmp_path}; apt_install python3-opencv")
    expected = f"expected .deb files of python3-opencv in {tmp_path}, got none that are new here"
    assert done.stderr == f"install.sh: {expected}\n"


def test_undoing_apt_removes_what_is_new_only(device: Device) -> None:
    device.shadow("dpkg", "")
    device.shadow("apt-get", f'echo "$@" >>{device.root}/asked')
    device.shadow("dpkg-query", "printf 'ii  bash\\nii  new\\nii  python3\\nun  never\\n'")
    done = device.functions("packages_before=$(printf 'bash\\npython3'); undo_packages")
    assert (done.returncode, done.stderr) == (0, "")
    assert (device.root / "asked").read_text().endswith(" purge -- new\n")
    (device.root / "asked").unlink()
    assert device.functions("undo_packages").returncode == 0  # before it was known what is new
    assert not (device.root / "asked").exists()


def test_what_cannot_be_undone_is_told(device: Device) -> None:
    done = device.functions("""
        have_thing() { false; }
        do_thing() { fail "it broke"; }
        undo_thing() { fail "and so did this"; }
        step thing "do a thing"
    """)
    told = f"that could not be undone; details: {device.root}/var/log/smile-gate-install.log"
    assert done.returncode == 1
    assert done.stderr == f"install.sh: it broke\ninstall.sh: {told}\n"
    assert "install.sh: and so did this" in device.log


def test_a_coral_on_pci_express(device: Device) -> None:
    assert "would set up the Coral USB accelerator" in device.install("--coral", "--dry-run").stdout
    vendor = device.root / "sys/bus/pci/devices/0/vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x1ac1\n")
    done = device.install("--coral", "--dry-run")
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: expected a Coral on USB, got one on PCI Express: ")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (139, "install.sh: expected libedgetpu1-std to load, but it crashes"),
        (1, "no Coral accelerator answered on USB"),
    ],
)
def test_a_coral_that_does_not_answer(device: Device, code: int, says: str) -> None:
    device.shadow("runuser", f"echo 'ValueError: no such device'; exit {code}")
    done = device.functions("python=$PYTHON; probe_coral")
    assert (done.stderr or done.stdout).startswith(says)
    assert done.returncode == (1 if code > 1 else 0)


@pytest.mark.parametrize(
    ("code", "says"),
    [(0, "the Coral accelerator on USB answers\n"), (1, "no Coral accelerator answered on USB")],
)
def test_a_coral_that_is_set_up_is_tried_again(installed: Device, code: int, says: str) -> None:
    installed.shadow("dpkg-query", "echo 'ii  16.0'")
    installed.shadow("runuser", f"exit {code}")
    done = installed.functions("""
        check_device() { python=$PYTHON; }
        check_coral() { true; }
        coral=true
        device_install
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(says)
    assert done.stdout.splitlines()[-1].startswith("nothing to do: release 1, ")


def test_a_package_of_which_only_settings_are_left_is_not_there(device: Device) -> None:
    device.shadow("dpkg-query", "echo 'rc  16.0'")
    assert device.functions("have_coral").returncode == 1
    device.shadow("dpkg-query", "echo 'hi  16.0'")
    assert device.functions("have_coral").returncode == 0


@pytest.mark.parametrize(
    ("state", "verb", "left"),
    [("disabled", "upgrade", True), ("enabled", "upgrade", False), ("disabled", "install", False)],
)
def test_an_upgrade_leaves_a_gate_disabled(
    device: Device, state: str, verb: str, left: bool
) -> None:
    is_enabled = f"echo {state}; [ {state} = enabled ]"
    device.shadow("systemctl", f'case "$*" in *is-enabled*) {is_enabled} ;; *) echo dead ;; esac')
    done = device.functions(f"root='' verb={verb}; systemd_runs() {{ true; }}; have_service")
    assert (done.returncode == 0) == left


def test_what_came_with_apt_is_named_at_a_purge(device: Device) -> None:
    done = device.functions(
        "record 'apt python3-opencv'; purge=true; purge_the_rest; say_what_stays"
    )
    assert done.returncode == 0, done.stderr
    assert "sudo apt-get remove --autoremove python3-opencv\n" in done.stdout
