"""Builds the image of the emulated board: Debian 13 for arm64, set up like Raspberry Pi OS.

Runs on Debian for amd64, as root, with packages from Debian and PyPI, for half an hour. Steps that
are done are kept when a later step fails: the next build continues there.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from subprocess import PIPE

from tests.emulated_board.boards import PI3_TREE
from tests.emulated_board.virtual_machine import (
    DISK,
    INITRD,
    KERNEL,
    KEY,
    NEEDED,
    EmulationError,
    need,
    say,
)
from tests.emulated_board.wheels import download

SUITE, SIZE = "trixie", "6G"
BUILDERS = {
    **NEEDED,
    "qemu-aarch64-static": "qemu-user-static",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
}
PACKAGES = (
    *("ca-certificates", "gcc", "make", "libc6-dev", "python3-dev", "swig", "python3"),
    *("python3-venv", "python3-libcamera", "libcamera-ipa", "python3-prctl", "python3-numpy"),
    *("systemd-sysv", "udev", "dbus", "kmod", "iproute2", "openssh-server", "linux-image-arm64"),
    *("linux-headers-arm64", "initramfs-tools", "gpiod", "procps", "psmisc", "less"),
    "python3-evdev",
)
WHEELS = (
    *("gpiozero", "colorzero", "opencv-python-headless<5", "pillow", "simplejpeg", "videodev2"),
    *("av", "libarchive-c", "tqdm", "jsonschema", "piexif", "picamera2", "attrs", "referencing"),
    *("rpds-py", "jsonschema-specifications", "typing-extensions", "setuptools"),
)
"""Packages that Debian lacks, or has without features of Raspberry Pi OS's, as wheels."""
SDISTS = ("lgpio==0.2.2.0", "PiDNG")
SLOW_UNITS = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    *("fstrim.timer", "systemd-networkd-wait-online.service", "e2scrub_reap.service"),
    "man-db.timer",
)
FILES = {
    "/etc/hostname": "raspberrypi\n",
    "/etc/hosts": "127.0.0.1 localhost raspberrypi\n::1 localhost\n",
    "/etc/fstab": "# The kernel's command line names the root: it is another on each machine.\n",
    "/etc/systemd/network/80-any.network": "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n"
    "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
    "/etc/ssh/sshd_config.d/stand-in.conf": "PermitRootLogin prohibit-password\nUseDNS no\n",
    "/etc/udev/rules.d/90-pi.rules": 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", '
    'MODE="0660"\nSUBSYSTEM=="misc", KERNEL=="udmabuf", GROUP="video", MODE="0660"\n',
    "/etc/modules-load.d/stand-in.conf": "configfs\n",
}
INITRAMFS = """\
#!/bin/sh
set -e
mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"
chroot "$1" dpkg-divert --quiet --local --rename --add /usr/bin/py3compile
ln -s true "$1/usr/bin/py3compile"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/stand-in"
cat >"$1/etc/initramfs-tools/hooks/stand-in" <<'END'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules virtio_pci virtio_blk ext4 bcm2835 sdhci_iproc
END
chmod +x "$1/etc/initramfs-tools/hooks/stand-in"
"""
"""Skips byte-compiling and a full initramfs, which are slow under emulation."""


def build(image: Path, user_id: int) -> None:
    """Build an image in a folder, or continue an interrupted build.

    Raises:
        EmulationError: the user is not root, a program is missing or fails, or apt names no mirror.
    """
    if user_id != 0:
        raise EmulationError(
            f"{image}: has no {DISK}, and to build one takes root: call it with sudo"
        )
    need(BUILDERS)
    say(f"{image}: has no {DISK}; building it takes about half an hour, once")
    work = image / "work"
    work.mkdir(parents=True, exist_ok=True)
    root = work / "root"
    _allow_arm64()
    steps = {
        "packages": partial(_bootstrap, root),
        "gpio-sim": partial(_gpio_sim, root, work),
        "python": partial(_python_packages, root),
        "configuration": partial(_configure, root, image),
        "disk": partial(_disk, root, image),
    }
    began = time.monotonic()
    for name, step in steps.items():
        stamp = work / f"done-{name}"
        if not stamp.exists():
            say(f"{time.monotonic() - began:5.0f} s  {name}")
            step()
            stamp.touch()
    shutil.rmtree(work)


def _do(*command: str | Path) -> None:
    code = subprocess.run(command, check=False).returncode
    if code:
        words = " ".join(map(str, command[:3]))
        raise EmulationError(f"{words} ...: ended with {code}; what was done before is kept")


def _mirror() -> str:
    """Return the Debian mirror of this machine's apt."""
    options = ("--format", "$(REPO_URI)", "Created-By: Packages")
    call = ["apt-get", "indextargets", *options]
    for uri in subprocess.run(call, check=True, stdout=PIPE, text=True).stdout.splitlines():
        if uri.rstrip("/").endswith("/debian"):
            return uri
    raise EmulationError("apt names no Debian mirror: apt-get update?")


def _allow_arm64() -> None:
    """Let this kernel run arm64 programs, through qemu-user."""
    formats = Path("/proc/sys/fs/binfmt_misc")
    if not (formats / "register").exists():
        _do("mount", "-t", "binfmt_misc", "binfmt_misc", formats)
    if not (formats / "qemu-aarch64").exists():
        lines = Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_text().splitlines()
        line = next(line for line in lines if line.startswith(":"))
        (formats / "register").write_text(line + "\n")


def _in_root(root: Path, script: str, *variables: str) -> None:
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = ["/usr/bin/env", "-i", "HOME=/root", "LC_ALL=C.UTF-8", path, *variables]
    _do("chroot", root, *environment, "/bin/sh", "-ec", script)


def _put(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)


def _bootstrap(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    hook = root.parent / "initramfs.sh"
    hook.write_text(INITRAMFS)
    hook.chmod(0o755)
    left_out = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")
    apt = (
        'Acquire::Check-Valid-Until "false"',
        'APT::Install-Recommends "false"',
        'Acquire::Languages "none"',
    )
    _do(
        *("mmdebstrap", "--mode=root", "--variant=apt", "--arch=arm64", "--components=main"),
        *(f"--aptopt={option}" for option in apt),
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={path}" for path in left_out),
        *("--skip=cleanup/apt/lists", f"--essential-hook={hook}"),
        "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        *("--include=" + ",".join(PACKAGES), SUITE, root, _mirror()),
    )
    (root / "usr/bin/py3compile").unlink()
    _in_root(root, "dpkg-divert --quiet --local --rename --remove /usr/bin/py3compile")


def _gpio_sim(root: Path, work: Path) -> None:
    """Build gpio-sim as a module: Debian's arm64 kernel lacks it."""
    release = max(path.name for path in (root / "lib/modules").iterdir())
    series = ".".join(release.split(".")[:2])
    _in_root(root, f"cd /tmp && apt-get -q download linux-source-{series}")
    package = next((root / "tmp").glob("linux-source-*.deb"))
    sources = work / "linux"
    sources.mkdir(exist_ok=True)
    wanted = (
        "'*/drivers/gpio/gpio-sim.c' '*/kernel/irq/irq_sim.c' '*/drivers/gpio/dev-sync-probe.*'"
    )
    unpack = (
        f"dpkg-deb --fsys-tarfile {shlex.quote(str(package))}"
        f" | tar xO ./usr/src/linux-source-{series}.tar.xz"
        f" | tar xJ -C {shlex.quote(str(sources))} --strip 1 --wildcards {wanted} 2>/dev/null"
    )
    subprocess.run(["sh", "-c", unpack], check=False)  # not every series has all three
    package.unlink()
    build_in = root / "usr/src/gpio-sim"
    build_in.mkdir(parents=True, exist_ok=True)
    shutil.copy(sources / "drivers/gpio/gpio-sim.c", build_in / "main.c")
    parts = ["main.o", "irq_sim.o"]
    for extra in sources.glob("drivers/gpio/dev-sync-probe.*"):
        shutil.copy(extra, build_in)
        if extra.suffix == ".c":
            parts.append("dev-sync-probe.o")
    # The kernel lacks irq_sim too, which calls a function that the kernel does not export.
    simulator = (sources / "kernel/irq/irq_sim.c").read_text()
    called = "handle_simple_irq(irq_to_desc(irqnum))"
    simulator = simulator.replace(called, "generic_handle_irq_safe(irqnum)")
    simulator = re.sub(r"^EXPORT_SYMBOL.*\n", "", simulator, flags=re.MULTILINE)
    _put(build_in, "irq_sim.c", simulator)
    _put(build_in, "Makefile", f"obj-m := gpio-sim.o\ngpio-sim-y := {' '.join(parts)}\n")
    _in_root(
        root,
        f"make -s -C /lib/modules/{release}/build M=/usr/src/gpio-sim modules\n"
        f"install -D /usr/src/gpio-sim/gpio-sim.ko /lib/modules/{release}/extra/gpio-sim.ko\n"
        f"depmod {release}",
    )


def _python_packages(root: Path) -> None:
    """Fill /opt/venv: this machine's pip downloads, the guest's pip installs."""
    wheels = root / "opt/wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    download(wheels, "--no-deps", *WHEELS)
    pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:")
    _do(*pip, "-d", wheels, *SDISTS)
    install = "/opt/venv/bin/pip install -q --no-compile --no-index --no-deps"
    _in_root(
        root,
        "python3 -m venv --system-site-packages /opt/venv\n"
        f"cd /opt/wheels\n{install} setuptools-*.whl\n"
        "/opt/venv/bin/pip wheel -q --no-index --no-deps --no-build-isolation -w . *.tar.gz\n"
        f"rm *.tar.gz\n{install} *.whl",
        "PYTHONDONTWRITEBYTECODE=1",
        "PYPI=1",  # lgpio then links its own C library in
    )


def _configure(root: Path, image: Path) -> None:
    key = image / KEY
    if not key.exists():
        _do("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "stand-in", "-f", key)
    for path, text in FILES.items():
        _put(root, path, text)
    _put(root, "/root/.ssh/authorized_keys", key.with_suffix(".pub").read_text(), 0o600)
    _in_root(
        root,
        "for group in gpio i2c spi; do getent group $group >/dev/null || groupadd -r $group; done\n"
        "systemctl -q enable systemd-networkd ssh\n"
        f"systemctl -q mask {' '.join(SLOW_UNITS)}\n"
        "ssh-keygen -A >/dev/null",
    )


def _disk(root: Path, image: Path) -> None:
    _in_root(root, "apt-get -q clean; rm -rf /var/lib/apt/lists/* /opt/wheels")
    for name in (KERNEL, INITRD):
        shutil.copy(max((root / "boot").glob(f"{name}-*")), image / name)
    trees = root.glob("usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb")
    shutil.copy(max(trees), image / PI3_TREE)
    raw = image / "work" / "disk.raw"
    raw.unlink(missing_ok=True)
    features = ("-t", "ext4", "-O", "^metadata_csum_seed,^orphan_file")
    _do("mke2fs", "-q", *features, "-d", root, raw, SIZE)
    # Renamed when complete: an image exists where its disk exists.
    part = image / "work" / DISK
    _do("qemu-img", "convert", "-O", "qcow2", raw, part)
    part.rename(image / DISK)
