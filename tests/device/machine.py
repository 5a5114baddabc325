"""The stand-in: one boot of a throw-away copy of an image, in QEMU's generic arm64 machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

DISK, KERNEL, INITRD, KEY = "base.qcow2", "vmlinuz", "initrd.img", "key"
PI3_TREE = "pi3.dtb"
"""The files of an image."""
MODEL, REVISION = "Raspberry Pi 4 Model B Rev 1.4", "0xb03114"
"""What the firmware of a Pi 4 with 2 GB says; gpiozero learns the board from it."""
CONSOLE = (
    "root=/dev/vda rw rootfstype=ext4 console=ttyAMA0,115200 quiet loglevel=3 "
    "systemd.show_status=0 fsck.mode=skip"
)
NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "fdtput": "device-tree-compiler",
    "ssh": "openssh-client",
}
"""Programs, and Debian's packages that bring them."""


class DeviceError(Exception):
    """The stand-in can't be used."""


def need(programs: dict[str, str]) -> None:
    """Look whether programs are there.

    Raises:
        DeviceError: one is missing.
    """
    missing = {package for program, package in programs.items() if not shutil.which(program)}
    if missing:
        raise DeviceError(f"apt-get install --no-install-recommends {' '.join(sorted(missing))}")


class Machine:
    """Boots at once; the guest reaches no network, and is reached through ssh on loopback.

    Args:
        image: folder with the files of an image, which stay as they are.
        scratch: folder for the copy's changes, the console's log and sockets.

    Raises:
        DeviceError: a program that is needed is missing, or the image is none.
    """

    SIZE = ("-cpu", "cortex-a72", "-smp", "2", "-m", "2048")
    BOOT_S = 600.0
    OFF_S = 60.0

    def __init__(self, image: Path, scratch: Path) -> None:
        need(NEEDED)
        for name in (DISK, KERNEL, INITRD, KEY):
            if not (image / name).exists():
                raise DeviceError(f"{image}: expected an image, with {name}, got none")
        self._key = image / KEY
        self._scratch = scratch
        self._console = scratch / "console.log"
        self._port = _free_port()
        overlay = scratch / "overlay.qcow2"
        base = (image / DISK).resolve()
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base, overlay],
            check=True,
        )
        files = {"dtb": self._device_tree(), "kernel": image / KERNEL, "initrd": image / INITRD}
        net = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self._port}-:22"
        boot = [word for name, file in files.items() for word in (f"-{name}", str(file))]
        devices = [
            *("-drive", f"file={overlay},if=none,id=disk,cache=unsafe"),
            *("-device", "virtio-blk-pci,drive=disk", "-netdev", net),
            *("-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"),
            *("-display", "none", "-monitor", "none", "-serial", f"file:{self._console}"),
        ]
        board = ["-M", "virt", *self.SIZE, "-accel", "tcg,thread=multi", "-no-reboot"]
        self._qemu = subprocess.Popen(
            ["qemu-system-aarch64", *board, *boot, "-append", CONSOLE, *devices],
            stdin=subprocess.DEVNULL,
        )

    def _device_tree(self) -> Path:
        """Make the generic machine's device tree say that it is a Pi."""
        tree = self._scratch / "pi.dtb"
        dump = ["qemu-system-aarch64", "-M", f"virt,dumpdtb={tree}", *self.SIZE, "-display", "none"]
        subprocess.run(dump, check=True, stderr=subprocess.DEVNULL)
        # Without its own GPIO chip the simulated one is gpiochip0.
        for node in ("/pl061@9030000", "/gpio-keys"):
            subprocess.run(["fdtput", "-t", "s", tree, node, "status", "disabled"], check=True)
        subprocess.run(["fdtput", "-t", "s", tree, "/", "model", MODEL], check=True)
        subprocess.run(["fdtput", "-c", tree, "/system"], check=True)
        subprocess.run(
            ["fdtput", "-t", "x", tree, "/system", "linux,revision", REVISION], check=True
        )
        return tree

    def wait(self) -> float:
        """Wait until one can log in; return for how long that was, in seconds.

        Raises:
            DeviceError: one can't.
        """
        began = time.monotonic()
        while (waited := time.monotonic() - began) < self.BOOT_S and self._qemu.poll() is None:
            if self.run("true") == 0:
                return waited
            time.sleep(1.0)
        said = self._console.read_text(errors="replace")[-3000:] if self._console.exists() else ""
        raise DeviceError(f"no login after {waited:.0f} s; the console said:\n{said}")

    def put(self, source: Path, to: str, *, names: Collection[str] = (".",)) -> None:
        """Copy a folder's contents, or some names in it, to a folder of the guest's."""
        tar = ["tar", "-C", str(source), "--exclude=__pycache__", "-cf", "-", *names]
        unpack = f"mkdir -p {to} && tar -C {to} --no-same-owner --warning=no-timestamp -xf -"
        with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing:
            done = subprocess.run(self._ssh(unpack), stdin=packing.stdout, check=False).returncode
        if done or packing.returncode:
            raise DeviceError(f"{source}: could not be copied into the guest")

    def run(self, command: str) -> int:
        """Run a command as root in the guest, with its output here; return its exit code."""
        return subprocess.run(self._ssh(command), stdin=subprocess.DEVNULL, check=False).returncode

    def close(self) -> None:
        """Power it off; may be called more than once."""
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
            "ConnectTimeout": "10",
            "ControlMaster": "auto",
            "ControlPath": f"{self._scratch}/ssh",
            "ControlPersist": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        where = ["-i", str(self._key), "-p", str(self._port), "root@127.0.0.1"]
        return ["ssh", "-q", *words, *where, command]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def say(words: str) -> None:
    """Tell what is being done."""
    print(words, file=sys.stderr, flush=True)
