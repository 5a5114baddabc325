"""A virtual machine: a temporary copy of an image, booted on an emulated board."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from tests.emulated_board.boards import PI3, PI3_TREE, Board, device_tree
from tests.emulated_board.registers import PORT

DISK, KERNEL, INITRD, KEY = "base.qcow2", "vmlinuz", "initrd.img", "key"
"""The files of an image; a Pi 3 needs another."""
CONSOLE = (
    "rw rootfstype=ext4 console=ttyAMA0,115200 quiet loglevel=3 systemd.show_status=0 "
    "fsck.mode=skip"
)
NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "fdtput": "device-tree-compiler",
    "ssh": "openssh-client",
}
"""Programs, and their packages in Debian."""


class EmulationError(Exception):
    """The emulated board can't be built or used."""


def need(programs: dict[str, str]) -> None:
    """Raise an EmulationError, which says how to install them, if programs are missing."""
    missing = {package for program, package in programs.items() if not shutil.which(program)}
    if missing:
        raise EmulationError(f"apt-get install --no-install-recommends {' '.join(sorted(missing))}")


class VirtualMachine:
    """Boots at once. The guest has no network; the host reaches it through ssh on loopback.

    QEMU's monitor is forwarded to ``registers.PORT`` of the guest.

    Args:
        image: folder with the files of an image, which are not changed.
        scratch: folder for changes to the image, the console's log and sockets.
        board: the board to emulate.

    Raises:
        EmulationError: a program or a file of the image is missing.
    """

    OFF_S = 60.0

    def __init__(self, image: Path, scratch: Path, board: Board) -> None:
        need(NEEDED)
        files = [DISK, KERNEL, INITRD, KEY, *([PI3_TREE] if board is PI3 else [])]
        for name in files:
            if not (image / name).exists():
                raise EmulationError(f"{image}: expected an image, with {name}, got none")
        self._board = board
        self._key = image / KEY
        self._console, self._log = scratch / "console.log", scratch / "qemu.log"
        self._control, self._monitor = scratch / "ssh", scratch / "monitor"
        self._port = _free_port()
        overlay = scratch / "overlay.qcow2"
        create = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2"]
        create += ["-b", str((image / DISK).resolve()), str(overlay)]
        subprocess.run([*create, *([board.disk_bytes] if board.disk_bytes else [])], check=True)
        tree = device_tree(board, image, scratch)
        files_of = {"dtb": tree, "kernel": image / KERNEL, "initrd": image / INITRD}
        boot = [word for name, file in files_of.items() for word in (f"-{name}", str(file))]
        self._command = [
            *("qemu-system-aarch64", "-M", board.machine, *board.size),
            *("-accel", "tcg,thread=multi", "-no-reboot", "-display", "none", "-monitor", "none"),
            *("-serial", f"file:{self._console}"),
            *("-qmp", f"unix:{self._monitor},server=on,wait=off"),
            *(*boot, "-append", f"{board.kernel} {CONSOLE}"),
            *(word.format(file=overlay) for word in board.disk),
            "-netdev",
            f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:22",
            *board.network,
        ]
        self._qemu = self._boot()

    def _boot(self) -> subprocess.Popen[bytes]:
        with self._log.open("w") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=log)

    def wait(self) -> float:
        """Wait until a login succeeds, and set the clock; return the seconds waited.

        Raises:
            EmulationError: no login within the board's ``boot_s``.
        """
        began = time.monotonic()
        while (waited := time.monotonic() - began) < self._board.boot_s:
            if self._qemu.poll() is not None:
                break
            if self.run("true") == 0:
                # The emulated Pi 3 has no clock, like a Pi without a network.
                self.run(f"date --utc --set @{time.time():.0f} >/dev/null")
                return waited
            with suppress(subprocess.TimeoutExpired):
                self._qemu.wait(1.0)
        logs = [log for log in (self._log, self._console) if log.exists()]
        tails = "".join(log.read_text(errors="replace")[-3000:] for log in logs)
        raise EmulationError(f"no login after {waited:.0f} s; logs of QEMU and console:\n{tails}")

    def put(self, source: Path, to: str, *, names: Collection[str] = (".",)) -> None:
        """Copy a folder's contents, or some names in it, to a folder in the guest."""
        tar = ["tar", "-C", str(source), "--exclude=__pycache__", "-cf", "-", *names]
        unpack = f"mkdir -p {to} && tar -C {to} --no-same-owner --warning=no-timestamp -xf -"
        with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:
            done = subprocess.run(self._ssh(unpack), stdin=packing.stdout, check=False).returncode
        if done or packing.returncode:
            raise EmulationError(f"{source}: could not be copied into the guest")

    def run(self, command: str) -> int:
        """Run a command as root in the guest and print its output; return its exit code."""
        return subprocess.run(self._ssh(command), stdin=subprocess.DEVNULL, check=False).returncode

    def follow(self, command: str) -> tuple[int, list[str]]:
        """Run a command as root in the guest and print its output; return exit code and lines."""
        lines = []
        with subprocess.Popen(
            self._ssh(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as running:
            for line in running.stdout or ():
                print(line, end="", flush=True)
                lines.append(line.rstrip("\n"))
        return running.returncode, lines

    def cut_power(self) -> None:
        """Stop without a shutdown, which loses unwritten data, and boot again."""
        # Not kill(): a Pi 3's card is never flushed, and QEMU would lose its tables of the image.
        self._qemu.terminate()
        self._qemu.wait()
        for socket_of in (self._control, self._monitor):
            socket_of.unlink(missing_ok=True)
        self._qemu = self._boot()

    def close(self) -> None:
        """Power the machine off; may be called more than once."""
        if self._qemu.poll() is None:
            self.run("systemctl poweroff")
            with suppress(subprocess.TimeoutExpired):
                self._qemu.wait(self.OFF_S)
            self._qemu.kill()
            self._qemu.wait()

    def _ssh(self, command: str) -> list[str]:
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "ConnectTimeout": "30",
            "ServerAliveInterval": "30",
            "ServerAliveCountMax": "10",
            "ControlMaster": "auto",
            "ControlPath": str(self._control),
            "ControlPersist": "yes",
            "RemoteForward": f"127.0.0.1:{PORT} {self._monitor}",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        where = ["-i", str(self._key), "-p", str(self._port), "root@127.0.0.1"]
        return ["ssh", "-q", *words, *where, command]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(message: str) -> None:
    """Print progress to stderr."""
    print(message, file=sys.stderr, flush=True)
