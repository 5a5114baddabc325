"""Runs in the guest, as root: python3 -m tests.emulated_board.checks [--after-cut] [NAME...]

Each check prints ``ok NAME`` or ``FAIL NAME`` as it ends. Checks build on each other: the first
installs, the last uninstalls. Before ``power_cut`` the program exits with the code CUT, in the
middle of a pulse: the host cuts the power, boots, and calls again with ``--after-cut``.

A check's docstring says what the check shows, for the table in docs/device.md.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.emulated_board import guest_state as guest
from tests.emulated_board.guest_state import CheckError, expect, wait_for, wait_for_level

WORK = Path("/srv/work")
CURRENT = Path("/opt/smile-gate/current")
SETTINGS = Path("/etc/smile-gate/smile-gate.toml")
OFFLINE = ("--yes", "--offline", "/srv/wheels")
SLOW_SETTINGS = f"""\
[camera]
source = "picamera2"
fps = 1
stall_s = 10
[picamera2]
picture_scale = 1
[trigger]
cooldown_s = 5
[outputs.photo]
kind = "shutter"
pin = {guest.PIN}
pulse_s = 3
"""
"""For a board that processes a frame a second; a pulse lasts long enough to kill the gate."""
KEY_SETTINGS = f"""\
{SLOW_SETTINGS.partition("[outputs")[0]}
[outputs.nod]
kind = "key"
key = "f13"
press = "hold"
"""
READY_S = 180.0
WATCHDOG_S = 30.0
SAFE_S = 60.0
EXPOSURE = 1.2
LOGGED = 30
BREAK = """

_step = Pipeline.step


def _fail(self: Pipeline, frame: Frame) -> Decision:
    if self.timings.frames >= 5:
        raise RuntimeError("broken")
    return _step(self, frame)


Pipeline.step = _fail
"""
BEFORE = Path("/srv/before.txt")
CUT = 75


def prepare() -> None:
    """Add what Raspberry Pi OS has beyond Debian: GPIO lines, camera, apt's packages."""
    unit = "stand-in-gpio.service"
    shutil.copy(guest.GUEST / unit, "/etc/systemd/system")
    done = guest.run("systemctl", "enable", "--now", unit)
    expect(done.returncode == 0, f"{unit}: {done.stdout}")
    camera = Path("/usr/share/libcamera/pipeline/virtual")
    camera.mkdir(parents=True, exist_ok=True)
    shutil.copy(guest.GUEST / "virtual.yaml", camera)
    packages = next(Path("/opt/venv/lib").glob("python3*")) / "site-packages"
    bridge = Path("/usr/local/lib", packages.parent.name, "dist-packages", "bridge.pth")
    bridge.parent.mkdir(parents=True, exist_ok=True)
    bridge.write_text(
        f"import site, sys; sys.path.insert(0, '{guest.GUEST}'); site.addsitedir('{packages}')\n"
    )
    cascades = Path("/usr/share/opencv4/haarcascades")
    if not cascades.exists():
        cascades.parent.mkdir(exist_ok=True)
        cascades.symlink_to(packages / "cv2" / "data")
    BEFORE.write_text("\n".join(guest.files_and_accounts()))


def install() -> str:
    """`install --dry-run` installs nothing; `install --yes --offline` does"""
    code, last_line = guest.install_sh(WORK, "install", "--dry-run", *OFFLINE[1:])
    expect(code == 0 and not CURRENT.exists(), f"--dry-run: {code}, {last_line}")
    began = time.monotonic()
    code, last_line = guest.install_sh(WORK, "install", *OFFLINE)
    expect(code == 0, last_line)
    return f"without a network, in {time.monotonic() - began:.0f} s"


def ready() -> str:
    """`READY=1`, for `Type=notify`, after the first processed frame"""
    expect(guest.shown("Type") == "notify", f"its type is {guest.shown('Type')}")
    wait_for("READY=1", guest.running, READY_S)
    frames = guest.status()["frames"]
    expect(frames > 0, "no frame was processed")
    began, ended = (
        int(guest.shown(f"{name}TimestampMonotonic")) for name in ("InactiveExit", "ActiveEnter")
    )
    return f"READY=1 {(ended - began) / 1e6:.0f} s after its start"


def watchdog_is_fed() -> str:
    """`WATCHDOG=1` is repeated"""
    name = "WatchdogTimestampMonotonic"
    last = guest.shown(name)
    waited = wait_for("WATCHDOG=1", lambda: guest.shown(name) != last, WATCHDOG_S)
    return f"again after {waited:.0f} s"


def hardened() -> str:
    """no privileges, a system call filter; the GPIO chip open, frames from picamera2"""
    process = Path("/proc", guest.shown("MainPID"))
    facts = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16}
    got = {name: facts[name].strip() for name in wanted}
    expect(got == wanted and not facts["Uid"].strip().startswith("0"), f"{got}, {facts['Uid']}")
    opened = {str(descriptor.readlink()) for descriptor in (process / "fd").iterdir()}
    expect("/dev/gpiochip0" in opened, f"the GPIO chip is not open: {sorted(opened)}")
    expect(guest.status()["source"] == "picamera2", "another camera")
    rating = guest.run("systemd-analyze", "security", "smile-gate").stdout.strip().splitlines()[-1]
    exposure = re.search(r": ([\d.]+) ", rating)
    expect(exposure is not None and float(exposure[1]) <= EXPOSURE, rating)
    return f"exposure {exposure[1] if exposure else '?'}, /dev/gpiochip0 open"


def reload() -> str:
    """`systemctl reload` takes new settings, in the same process"""
    since, main = time.time(), guest.shown("MainPID")
    SETTINGS.write_text(SLOW_SETTINGS)
    os.sync()
    done = guest.run("systemctl", "reload", "smile-gate")
    expect(done.returncode == 0, done.stdout)
    wait_for("a line in the journal", lambda: "reloaded" in guest.journal(since), 30.0)
    expect(guest.shown("MainPID") == main, "the process is another")
    return f"by the same process, {time.time() - since:.0f} s"


def smile() -> str:
    """a smile in the pictures drives the line high, then low again"""
    wait_for_level(0)
    waited = wait_for_level(1)
    lasted = wait_for_level(0, 30.0)
    expect(2.5 < lasted < 10.0, f"expected a pulse of 3 s, got {lasted:.1f} s")
    return f"high after {waited:.0f} s, for {lasted:.1f} s"


def killed() -> str:
    """`kill -9` in a pulse: the line goes low, `smile-gate safe` runs, the service restarts"""
    return _end_during_pulse(signal.SIGKILL, 10.0)


def hung() -> str:
    """stopped in a pulse: the watchdog kills it, the line goes low, the service restarts"""
    since = time.time()
    words = _end_during_pulse(signal.SIGSTOP, 4 * WATCHDOG_S)
    expect("Watchdog timeout" in guest.journal(since), "the watchdog did not end it")
    return words


def _end_during_pulse(number: signal.Signals, limit_s: float) -> str:
    """Send a signal during a pulse. A Pi's GPIO block keeps the line high after it; the simulated
    chip does not."""
    restarts, main = int(guest.shown("NRestarts")), int(guest.shown("MainPID"))
    wait_for_level(0)
    wait_for_level(1)
    since = time.time()
    os.kill(main, number)
    process = Path("/proc", str(main))
    ended = wait_for("its end", lambda: not process.exists(), limit_s, 0.02)
    kept = guest.level() == 1
    expect(
        kept or guest.SIMULATED.exists(), "the line fell with the process, not by `smile-gate safe`"
    )
    low = wait_for_level(0, SAFE_S)
    ran = low + wait_for("`smile-gate safe`", lambda: "photo: safe" in guest.journal(since), SAFE_S)
    restarted = wait_for("a restart", lambda: int(guest.shown("NRestarts")) == restarts + 1, 60.0)
    restarted += wait_for("it to be ready again", guest.running, READY_S)
    held = f"high for {low:.1f} s more" if kept else "low with it"
    return (
        f"ended after {ended:.1f} s, line {held}, `safe` after {ran:.0f} s, "
        f"ready after {ran + restarted:.0f} s"
    )


def stuck_camera() -> str:
    """no frames: logged, the same process waits, line low; fires when the frames are back"""
    since, main = time.time(), guest.shown("MainPID")
    guest.STUCK.touch()
    try:
        waited = wait_for(
            "a line about the camera",
            lambda: "camera" in guest.journal(since) and guest.status()["camera_lost"] != "",
            60.0,
        )
        expect(guest.level() == 0, "the line is high")
        longer_than_watchdog = time.monotonic() + WATCHDOG_S + 10.0
        wait_for("the watchdog's time", lambda: time.monotonic() > longer_than_watchdog, 60.0)
        expect(guest.shown("MainPID") == main, "it did not wait, but was restarted")
    finally:
        guest.STUCK.unlink()
    back = wait_for("frames again", lambda: guest.status()["camera_lost"] == "", 90.0)
    wait_for_level(1)
    return f"logged after {waited:.0f} s, back {back:.0f} s after the camera, fires again"


def power_cut() -> str:
    """power cut in a pulse: at the next boot it starts by itself, settings kept, and fires"""
    waited = wait_for("READY=1 after the boot", guest.running, READY_S)
    began, ended = (
        int(guest.shown(f"{name}TimestampMonotonic")) / 1e6
        for name in ("InactiveExit", "ActiveEnter")
    )
    expect(SETTINGS.read_text() == SLOW_SETTINGS, "the settings are others")
    wait_for_level(1)
    words = f"started {began:.0f} s after the kernel, ready {ended - began:.0f} s later, fires"
    return words + (f" (waited {waited:.0f} s)" if waited > 1.0 else "")


def broken_upgrade() -> str:
    """a release that fails in its first minute: back to the old release and settings, which fire"""
    broken = Path("/root/broken")
    # Where lgpio was first imported it leaves a pipe, which can't be copied.
    shutil.copytree(WORK, broken, ignore=shutil.ignore_patterns(".lgd-nfy*"))
    break_pipeline(broken)
    code, last_line = guest.install_sh(broken, "upgrade", *OFFLINE)
    failed = code == 1 and "back to release 1" in last_line
    expect(failed, f"expected a failure, got {code}: {last_line}")
    expect(CURRENT.resolve().name == "1", f"current is {CURRENT.resolve()}")
    wait_for("release 1 to be ready", guest.running, READY_S)
    expect(SETTINGS.read_text() == SLOW_SETTINGS, "the settings are others")
    wait_for_level(1)
    return "back to release 1, which fires"


def break_pipeline(tree: Path) -> None:
    """Change a copy of the project: after five frames the pipeline raises an error."""
    with (tree / "edge/pipeline.py").open("a") as file:
        file.write(BREAK)


def key() -> str:
    """`install --key`: a smile holds a key, as others see it; `kill -9` releases it"""
    SETTINGS.write_text(KEY_SETTINGS)
    code, last_line = guest.install_sh(CURRENT, "install", "--key", *OFFLINE)
    expect(code == 0, last_line)
    wait_for("it to be ready", guest.running, READY_S)
    since = time.time()
    up, down = set[int](), {guest.KEY_F13}
    wait_for("the key to be up", lambda: guest.held_keys("nod") == up, 90.0, 0.02)
    wait_for("the key to be down", lambda: guest.held_keys("nod") == down, 90.0, 0.02)
    held = wait_for("the key to be up again", lambda: guest.held_keys("nod") == up, 30.0, 0.02)
    wait_for("the key to be down again", lambda: guest.held_keys("nod") == down, 90.0, 0.02)
    os.kill(int(guest.shown("MainPID")), signal.SIGKILL)
    gone = wait_for("the keyboard to be gone", lambda: guest.held_keys("nod") is None, 10.0, 0.02)
    wait_for("it to be ready again", guest.running, READY_S)
    expect("nod fired" in guest.journal(since), "no firing in the journal")
    return f"held for {held:.1f} s; keyboard gone {gone:.1f} s after the kill"


def uninstall() -> str:
    """`uninstall --purge`: files, users and groups are those from before"""
    code, last_line = guest.install_sh(CURRENT, "uninstall", "--purge", "--yes")
    expect(code == 0, last_line)
    guest.run("systemctl", "daemon-reload")
    expect(guest.shown("LoadState") == "not-found", f"the unit is {guest.shown('LoadState')}")
    before, after = BEFORE.read_text().splitlines(), guest.files_and_accounts()
    differing = sorted(set(before) ^ set(after))
    expect(not differing, f"left or lost: {differing[:20]}")
    return f"the same {len(after)} files, users and groups as before"


CHECKS: tuple[Callable[[], str], ...] = (
    *(install, ready, watchdog_is_fed, hardened, reload, smile, killed, hung),
    *(stuck_camera, power_cut, broken_upgrade, key, uninstall),
)
FIRST = (install, ready, reload)
"""The checks that all others need."""


def passes(check: Callable[[], str]) -> bool:
    """Run a check and print its result; after a failure also the last lines of both logs."""
    began = time.monotonic()
    passed = True
    try:
        words = f"ok {check.__name__}: {check()}"
    except (CheckError, OSError, ValueError, subprocess.SubprocessError) as error:
        passed = False
        words = f"FAIL {check.__name__}: {error}"
    print(f"{words} [{time.monotonic() - began:.0f} s]", flush=True)
    if not passed:
        for log in (guest.journal(0), guest.run("cat", "/var/log/smile-gate-install.log").stdout):
            print("\n".join(f"    {line}" for line in log.splitlines()[-LOGGED:]), flush=True)
    return passed


def main(arguments: list[str]) -> int:
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    after_cut = "--after-cut" in arguments
    names = [word for word in arguments if word != "--after-cut"]
    chosen = [check for check in CHECKS if not names or check in FIRST or check.__name__ in names]
    cut = chosen.index(power_cut) if power_cut in chosen else len(chosen)
    if not after_cut:
        prepare()
    failed = False
    for check in chosen[cut:] if after_cut else chosen[:cut]:
        if not passes(check):
            failed = True
            if check in FIRST:
                return 1
    if cut < len(chosen) and not after_cut:
        wait_for_level(0)
        wait_for_level(1)
        return CUT
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
