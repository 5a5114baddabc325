"""The two boards that QEMU emulates, and the device trees that they are booted with."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PI4_MODEL, PI4_REVISION = "Raspberry Pi 4 Model B Rev 1.4", "b03114"
PI3_REVISION = "a02082"
"""Model and revision codes as the firmware of a Pi 4 with 2 GB and of a Pi 3 sets them; gpiozero
identifies the board by the revision."""
PI3_TREE = "pi3.dtb"
"""File of an image: the kernel's device tree of a Pi 3."""
REVISION_AT = ("/system", "linux,revision")
PERSIST_GPIO = "pinctrl_bcm2835.persist_gpio_outputs=y"
"""A line keeps its level when the program that held it ends: the default of Raspberry Pi OS's
kernel, an option of Debian's."""


@dataclass(frozen=True)
class Board:
    """Options of QEMU and the kernel.

    Attributes:
        machine: QEMU's name of the board.
        size: processor and memory, as QEMU's options.
        disk: QEMU's options of the disk; ``{file}`` stands for the copy of the image.
        disk_bytes: the copy's size, as ``qemu-img`` takes it; empty: the image's.
        network: QEMU's options of a network device on ``net``.
        kernel: part of the kernel's command line.
        boot_s: seconds from the start until a login must succeed.
    """

    machine: str
    size: tuple[str, ...]
    disk: tuple[str, ...]
    disk_bytes: str
    network: tuple[str, ...]
    kernel: str
    boot_s: float


VIRT = Board(
    machine="virt",
    size=("-cpu", "cortex-a72", "-smp", "2", "-m", "2048"),
    disk=(
        *("-drive", "file={file},if=none,id=disk,cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=disk", "-device", "virtio-rng-pci"),
    ),
    disk_bytes="",
    network=("-device", "virtio-net-pci,netdev=net,romfile="),
    kernel="root=/dev/vda",
    boot_s=600.0,
)
PI3 = Board(
    machine="raspi3b",
    size=("-smp", "4", "-m", "1G"),
    disk=("-drive", "file={file},if=sd,format=qcow2,cache=unsafe"),
    disk_bytes="8G",  # a card's size must be a power of two
    network=("-device", "usb-net,netdev=net"),
    kernel=f"root=/dev/mmcblk0 rootwait {PERSIST_GPIO}",
    boot_s=1200.0,
)
BOARDS = {"virt": VIRT, "pi3": PI3}


def device_tree(board: Board, image: Path, scratch: Path) -> Path:
    """Write a board's device tree to a file in ``scratch``; return its path."""
    tree = scratch / "pi.dtb"
    if board is PI3:
        shutil.copyfile(image / PI3_TREE, tree)
    else:
        dump = ["qemu-system-aarch64", "-M", f"{board.machine},dumpdtb={tree}", *board.size]
        subprocess.run([*dump, "-display", "none"], check=True, stderr=subprocess.DEVNULL)
        # Without the board's own GPIO chip the simulated chip is gpiochip0.
        for node in ("/pl061@9030000", "/gpio-keys"):
            _fdtput("-t", "s", tree, node, "status", "disabled")
        _fdtput("-t", "s", tree, "/", "model", PI4_MODEL)
    # As a Pi's firmware does: gpiozero reads it there.
    _fdtput("-c", tree, REVISION_AT[0])
    _fdtput("-t", "x", tree, *REVISION_AT, PI3_REVISION if board is PI3 else PI4_REVISION)
    return tree


def _fdtput(*words: str | Path) -> None:
    subprocess.run(["fdtput", *words], check=True)
