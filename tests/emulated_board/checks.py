"""Runs in the guest, as root: python3 -m tests.emulated_board.checks [--after-cut] [NAME...]

Each check prints ``ok NAME`` or ``FAIL NAME`` as it ends. They build on each other: the first
installs, the last uninstalls. Before ``power_cut`` it ends with the exit code CUT, in the middle
of a pulse: now the power is to be cut, and it goes on with ``--after-cut``.

A check's docstring says what it shows, for docs/device.md.
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
from functools import partial
from pathlib import Path

from tests.emulated_board.guest_tools import (
    GUEST,
    PIN,
    SIMULATED,
    STUCK,
    CheckError,
    expect,
    files_and_accounts,
    install_sh,
    journal,
    level,
    run,
    running,
    shown,
    status,
    wait_for,
    wait_for_level,
)

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
pin = {PIN}
pulse_s = 3
"""
"""For a machine that judges a frame a second; a pulse is long enough to kill the gate in it."""
READY_S = 180.0
WATCHDOG_S = 30.0
SAFE_S = 60.0
EXPOSURE = 1.2
LOGGED = 30
BEFORE = Path("/srv/before.txt")
CUT = 75


def prepare() -> None:
    """Bridge what Debian lacks against Raspberry Pi OS: GPIO lines, camera, apt's packages."""
    unit = "stand-in-gpio.service"
    shutil.copy(GUEST / unit, "/etc/systemd/system")
    done = run("systemctl", "enable", "--now", unit)
    expect(done.returncode == 0, f"{unit}: {done.stdout}")
    camera = Path("/usr/share/libcamera/pipeline/virtual")
    camera.mkdir(parents=True, exist_ok=True)
    shutil.copy(GUEST / "virtual.yaml", camera)
    packages = next(Path("/opt/venv/lib").glob("python3*")) / "site-packages"
    bridge = Path("/usr/local/lib", packages.parent.name, "dist-packages", "bridge.pth")
    bridge.parent.mkdir(parents=True, exist_ok=True)
    bridge.write_text(
        f"import site, sys; sys.path.insert(0, '{GUEST}'); site.addsitedir('{packages}')\n"
    )
    cascades = Path("/usr/share/opencv4/haarcascades")
    if not cascades.exists():
        cascades.parent.mkdir(exist_ok=True)
        cascades.symlink_to(packages / "cv2" / "data")
    BEFORE.write_text("\n".join(files_and_accounts()))


def install() -> str:
    """`install --dry-run` installs nothing; `install --yes --offline` does"""
    code, said = install_sh(WORK, "install", "--dry-run", *OFFLINE[1:])
    expect(code == 0 and not CURRENT.exists(), f"--dry-run: {code}, {said}")
    began = time.monotonic()
    code, said = install_sh(WORK, "install", *OFFLINE)
    expect(code == 0, said)
    return f"without a network, in {time.monotonic() - began:.0f} s"


def ready() -> str:
    """systemd holds the service, `Type=notify`, for started after its first judged frame"""
    expect(shown("Type") == "notify", f"its type is {shown('Type')}")
    wait_for("READY=1", running, READY_S)
    frames = status()["frames"]
    expect(frames > 0, "no frame was judged")
    began, ended = (
        int(shown(f"{name}TimestampMonotonic")) for name in ("InactiveExit", "ActiveEnter")
    )
    return f"READY=1 {(ended - began) / 1e6:.0f} s after its start"


def watchdog_is_fed() -> str:
    """`WATCHDOG=1` comes again"""
    name = "WatchdogTimestampMonotonic"
    fed = shown(name)
    waited = wait_for("WATCHDOG=1", lambda: shown(name) != fed, WATCHDOG_S)
    return f"again after {waited:.0f} s"


def hardened() -> str:
    """no privileges, a system call filter; the GPIO chip open, frames from picamera2"""
    process = Path("/proc", shown("MainPID"))
    facts = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    wanted = {"NoNewPrivs": "1", "Seccomp": "2", "CapEff": "0" * 16, "CapBnd": "0" * 16}
    got = {name: facts[name].strip() for name in wanted}
    expect(got == wanted and not facts["Uid"].strip().startswith("0"), f"{got}, {facts['Uid']}")
    opened = {str(one.readlink()) for one in (process / "fd").iterdir()}
    expect("/dev/gpiochip0" in opened, f"the GPIO chip is not open: {sorted(opened)}")
    expect(status()["source"] == "picamera2", "another camera")
    said = run("systemd-analyze", "security", "smile-gate").stdout.strip().splitlines()[-1]
    exposure = re.search(r": ([\d.]+) ", said)
    expect(exposure is not None and float(exposure[1]) <= EXPOSURE, said)
    return f"exposure {exposure[1] if exposure else '?'}, /dev/gpiochip0 open"


def reload() -> str:
    """`systemctl reload` takes new settings, in the same process"""
    since, main = time.time(), shown("MainPID")
    SETTINGS.write_text(SLOW_SETTINGS)
    os.sync()
    done = run("systemctl", "reload", "smile-gate")
    expect(done.returncode == 0, done.stdout)
    wait_for("it to say so", lambda: "reloaded" in journal(since), 30.0)
    expect(shown("MainPID") == main, "it is another process")
    return f"by the same process, {time.time() - since:.0f} s"


def smile() -> str:
    """a smile in the pictures drives the line high, then low again"""
    wait_for_level(0)
    waited = wait_for_level(1)
    lasted = wait_for_level(0, 30.0)
    expect(2.5 < lasted < 10.0, f"expected a pulse of 3 s, got {lasted:.1f} s")
    return f"high after {waited:.0f} s, for {lasted:.1f} s"


def killed() -> str:
    """`kill -9` in a pulse: the line goes low, `smile-gate safe` runs, the service comes back"""
    return _ended_in_a_pulse(signal.SIGKILL, 10.0)


def hung() -> str:
    """stopped in a pulse: the watchdog kills it, the line goes low, the service comes back"""
    since = time.time()
    words = _ended_in_a_pulse(signal.SIGSTOP, 4 * WATCHDOG_S)
    expect("Watchdog timeout" in journal(since), "it was not the watchdog that ended it")
    return words


def _ended_in_a_pulse(by: signal.Signals, limit_s: float) -> str:
    """What holds the line high is a Pi's GPIO block, while the simulated chip lets it fall."""
    restarts, main = int(shown("NRestarts")), int(shown("MainPID"))
    wait_for_level(0)
    wait_for_level(1)
    since = time.time()
    os.kill(main, by)
    gone = partial(_is_gone, main)
    ended = wait_for("its end", gone, limit_s, 0.02)
    kept = level() == 1
    expect(kept or SIMULATED.exists(), "the line fell with the process, not by `smile-gate safe`")
    low = wait_for_level(0, SAFE_S)
    ran = low + wait_for("`smile-gate safe`", lambda: "photo: safe" in journal(since), SAFE_S)
    back = wait_for("a restart", lambda: int(shown("NRestarts")) == restarts + 1, 60.0)
    back += wait_for("it to be ready again", running, READY_S)
    held = f"high for {low:.1f} s more" if kept else "low with it"
    return (
        f"ended after {ended:.1f} s, line {held}, `safe` after {ran:.0f} s, "
        f"ready after {ran + back:.0f} s"
    )


def _is_gone(process: int) -> bool:
    return not Path("/proc", str(process)).exists()


def stuck_camera() -> str:
    """a camera without frames: told of, waited for in the same process, line low; fires after"""
    since, main = time.time(), shown("MainPID")
    STUCK.touch()
    try:
        told = partial(_tells, since, "camera")
        waited = wait_for("it to tell of the camera", told, 60.0)
        expect(level() == 0, "the line is high")
        time.sleep(WATCHDOG_S + 10.0)
        expect(shown("MainPID") == main, "it did not wait, but was started again")
    finally:
        STUCK.unlink()
    back = wait_for("frames again", lambda: status()["camera_lost"] == "", 90.0)
    wait_for_level(1)
    return f"told after {waited:.0f} s, back {back:.0f} s after the camera, fires again"


def _tells(since: float, word: str) -> bool:
    return word in journal(since) and status()["camera_lost"] != ""


def power_cut() -> str:
    """power cut in a pulse: at the next boot it starts by itself, settings kept, and fires"""
    waited = wait_for("READY=1 after the boot", running, READY_S)
    began, ended = (
        int(shown(f"{name}TimestampMonotonic")) / 1e6 for name in ("InactiveExit", "ActiveEnter")
    )
    expect(SETTINGS.read_text() == SLOW_SETTINGS, "the settings are others")
    wait_for_level(1)
    words = f"started {began:.0f} s after the kernel, ready {ended - began:.0f} s later, fires"
    return words + (f" (waited {waited:.0f} s)" if waited > 1.0 else "")


def broken_upgrade() -> str:
    """a release that fails in its first minute: back to the one before, settings kept; it fires"""
    broken = Path("/root/broken")
    # lgpio leaves a pipe where it was first imported, which can't be copied.
    shutil.copytree(WORK, broken, ignore=shutil.ignore_patterns(".lgd-nfy*"))
    pipeline = broken / "edge" / "pipeline.py"
    counted = "        self.timings.frames += 1\n"
    text = pipeline.read_text()
    expect(text.count(counted) == 1, "edge/pipeline.py is not what this check knows")
    fails = "        if self.timings.frames > 5:\n            raise RuntimeError('broken')\n"
    pipeline.write_text(text.replace(counted, counted + fails))
    code, said = install_sh(broken, "upgrade", *OFFLINE)
    expect(code == 1 and "back to release 1" in said, f"expected a failure, got {code}: {said}")
    expect(CURRENT.resolve().name == "1", f"current is {CURRENT.resolve()}")
    wait_for("release 1 to be ready", running, READY_S)
    expect(SETTINGS.read_text() == SLOW_SETTINGS, "the settings are others")
    wait_for_level(1)
    return "back to release 1, which fires"


def uninstall() -> str:
    """`uninstall --purge`: files, users and groups are those from before"""
    code, said = install_sh(CURRENT, "uninstall", "--purge", "--yes")
    expect(code == 0, said)
    run("systemctl", "daemon-reload")
    expect(shown("LoadState") == "not-found", f"the unit is {shown('LoadState')}")
    before, after = BEFORE.read_text().splitlines(), files_and_accounts()
    differing = sorted(set(before) ^ set(after))
    expect(not differing, f"left or lost: {differing[:20]}")
    return f"the same {len(after)} files, users and groups as before"


CHECKS: tuple[Callable[[], str], ...] = (
    *(install, ready, watchdog_is_fed, hardened, reload, smile, killed, hung),
    *(stuck_camera, power_cut, broken_upgrade, uninstall),
)
FIRST = (install, ready, reload)
"""What all others need."""


def tried(check: Callable[[], str]) -> bool:
    """Run a check and print how it ended; after a failure the last of both logs as well."""
    began = time.monotonic()
    good = True
    try:
        words = f"ok {check.__name__}: {check()}"
    except (CheckError, OSError, ValueError, subprocess.SubprocessError) as error:
        good = False
        words = f"FAIL {check.__name__}: {error}"
    print(f"{words} [{time.monotonic() - began:.0f} s]", flush=True)
    if not good:
        for log in (journal(0), run("cat", "/var/log/smile-gate-install.log").stdout):
            print("\n".join(f"    {line}" for line in log.splitlines()[-LOGGED:]), flush=True)
    return good


def main(arguments: list[str]) -> int:
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    after_cut = "--after-cut" in arguments
    names = [one for one in arguments if one != "--after-cut"]
    chosen = [one for one in CHECKS if not names or one in FIRST or one.__name__ in names]
    cut = chosen.index(power_cut) if power_cut in chosen else len(chosen)
    if not after_cut:
        prepare()
    all_good = True
    for check in chosen[cut:] if after_cut else chosen[:cut]:
        good = tried(check)
        all_good = all_good and good
        if not good and check in FIRST:
            return 1
    if cut < len(chosen) and not after_cut:
        wait_for_level(0)
        wait_for_level(1)
        return CUT
    return int(not all_good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
