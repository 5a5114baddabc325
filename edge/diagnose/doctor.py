"""Looks this machine over: what is there, what is not as it should be, and what mends it."""

from __future__ import annotations

import grp
import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from importlib.metadata import packages_distributions, version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, Literal

from gpiozero import Device
from msgspec import Struct
from msgspec.structs import replace

from edge.cameras.source import list_attached
from edge.errors import BundleError, ConfigError, MissingPackageError, OutputError, SmileGateError
from edge.faces.haar import find_cascade
from edge.model.bundle import load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.model.edgetpu import EDGE_TPU, library_version
from edge.model.open import open_on_edge_tpu
from edge.outputs.group import Outputs
from edge.service.board import read_health
from edge.service.status_socket import ask
from edge.settings import Settings, SnapshotSettings
from edge.settings.load import load_configuration

Verdict = Literal["good", "warning", "bad"]

LEAST_FREE_MB = 200
GROUPS = ("video", "gpio")
UNIT = "smile-gate.service"
RUNNING = ("active", "activating", "reloading", "deactivating")
"""States of the service in which its pins and cameras are its own."""
NO_ENTRY = re.compile("-- .* --")
"""journalctl's own words among the entries, as of a new start of the board."""
DEVICE_TREE = Path("/proc/device-tree/model")


class Finding(Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        about: what.
        verdict: a ``bad`` one keeps the gate from working, a ``warning`` may come to.
        words: what was found.
        mend: what mends it, a command where there is one; empty for what is good.
    """

    about: str
    verdict: Verdict
    words: str
    mend: str = ""


class Package(Struct, frozen=True):
    """A module that is imported, what installs it, the sources that need it (all if empty), what
    does as well, and whether it is for boards only."""

    module: str
    install: str
    sources: tuple[str, ...] = ()
    instead: str = ""
    board: bool = False


REINSTALL = "./install.sh, which brings what apt has not"

PACKAGES = (
    Package("numpy", "sudo apt install python3-numpy"),
    Package("cv2", "sudo apt install python3-opencv"),
    Package(
        "ai_edge_litert.interpreter",
        REINSTALL,
        instead="tflite_runtime.interpreter",
    ),
    Package("gpiozero", "sudo apt install python3-gpiozero"),
    Package("msgspec", REINSTALL),
    Package("tomlkit", REINSTALL),
    Package("lgpio", "sudo apt install python3-lgpio", board=True),
    Package("picamera2", "sudo apt install python3-picamera2", ("picamera2",)),
)


def examine(path: Path | None, socket: Path) -> Iterator[Finding]:
    """Yield what is found, each thing apart from the others.

    Args:
        path: the configuration whose camera, pins, model and folders are looked at. Without one,
            and when it is bad, the defaults' are, and no pin: nobody has said what is there.
        socket: where a running gate answers. What it uses can't be tried then.
    """
    board = _read(DEVICE_TREE)
    with ExitStack() as stack:
        if board:
            _take_the_pins_library_of_the_service(stack)
        yield from _findings(path, socket, board)


def _take_the_pins_library_of_the_service(stack: ExitStack) -> None:
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
    with suppress(OSError):  # the disk may be full, which is told further on
        folder = stack.enter_context(TemporaryDirectory())
        os.environ.setdefault("LG_WD", folder)  # where lgpio, when imported, makes a named pipe


def _findings(path: Path | None, socket: Path, board: str) -> Iterator[Finding]:
    settings, of_settings = _settings(path)
    report, service = _service(socket)
    running = report is not None
    yield _machine(board)
    yield _python()
    yield of_settings
    distributions = packages_distributions()
    for package in [one for one in PACKAGES if board or not one.board]:
        yield _package(package, settings.camera.source, distributions)
    yield _cascade()
    yield _model(settings)
    yield _edge_tpu(settings, report)
    yield from _cameras(settings.camera.source, report)
    yield _pins(settings, running)
    yield _groups()
    yield from _folders(settings)
    yield _power()
    yield service
    yield _journal()


def _machine(board: str) -> Finding:
    name = board or platform.machine()
    try:
        release = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        release = platform.system()
    if sys.maxsize < 2**32:
        return Finding("machine", "bad", f"{name}, {release}, 32-bit", "install a 64-bit system")
    return Finding("machine", "good", f"{name}, {release}, kernel {platform.release()}")


def _python() -> Finding:
    words = f"{platform.python_version()} in {sys.prefix}"
    if not (3, 11) <= sys.version_info < (3, 14):
        return Finding("python", "bad", words, "use Python 3.11 to 3.13")
    return Finding("python", "good", words)


def _settings(path: Path | None) -> tuple[Settings, Finding]:
    try:
        settings = load_configuration(path).settings
    except ConfigError as error:
        in_file = str(error).startswith(f"{path}: ")
        mend = f"sudo nano {path}" if in_file else "unset it, or mend it"
        return Settings(outputs={}), Finding("settings", "bad", str(error), mend)
    if path is None:
        return replace(settings, outputs={}), Finding("settings", "good", "the defaults, no file")
    return settings, Finding("settings", "good", str(path))


def _package(package: Package, source: str, distributions: Mapping[str, Sequence[str]]) -> Finding:
    try:
        module = _import(package)
    except Exception as error:  # noqa: BLE001  (a package of another build may raise anything)
        needed = not package.sources or source.partition(":")[0] in package.sources
        said = f"can't be imported: {error}".partition("\n")[0]
        name = package.module.partition(".")[0]
        return Finding(name, "bad" if needed else "warning", said, package.install)
    name = module.__name__.partition(".")[0]
    known = distributions.get(name)
    number = version(known[0]) if known else getattr(module, "__version__", "?")
    return Finding(name, "good", f"{number} from {module.__file__}")


def _import(package: Package) -> ModuleType:
    try:
        return importlib.import_module(package.module)
    except ImportError:
        if not package.instead:
            raise
    return importlib.import_module(package.instead)


def _cascade() -> Finding:
    try:
        return Finding("cascade", "good", str(find_cascade()))
    except MissingPackageError as error:
        return Finding("cascade", "bad", str(error), "sudo apt install opencv-data")


def _model(settings: Settings) -> Finding:
    try:
        classifier = Classifier(load_bundle(Path(settings.model.bundle)), settings.model.threads)
        classifier.self_test()
    except SmileGateError as error:
        return Finding("model", "bad", str(error), "./install.sh upgrade, or another model.bundle")
    manifest = classifier.manifest
    digest = manifest.files[manifest.model][:12]
    tried = _tried(classifier)
    return Finding("model", "good", f"{manifest.name}, SHA-256 {digest}..., {tried}")


def _tried(classifier: Classifier) -> str:
    pictures = list(self_test_pictures(classifier.manifest.input.width))
    started = time.perf_counter()
    for picture in pictures:
        classifier.infer(picture)
    each_ms = (time.perf_counter() - started) / len(pictures) * 1e3
    return f"self-test passed, {each_ms:.2f} ms"


def _edge_tpu(settings: Settings, report: Mapping[str, Any] | None) -> Finding:
    wish = settings.model.edge_tpu
    mend = "plug it in, then: sudo ./install.sh --coral"
    if not EDGE_TPU.usb_id():
        if wish == "usb":
            return Finding("edge tpu", "bad", "model.edge_tpu is usb, got none there", mend)
        return Finding("edge tpu", "good", "none on USB")
    if wish == "off":
        return Finding("edge tpu", "good", "on USB, but model.edge_tpu is off")
    if report is not None and report.get("model_on") != "CPU":  # it answers one program at a time
        return Finding("edge tpu", "good", "left to the running gate")
    verdict: Verdict = "bad" if wish == "usb" else "warning"
    try:
        bundle = load_bundle(Path(settings.model.bundle))
        tried = _tried(open_on_edge_tpu(bundle, settings.model.threads))
    except SmileGateError as error:
        if isinstance(error, BundleError):
            mend = "a bundle made with convert.quantize --edgetpu; see docs/coral.md"
        return Finding("edge tpu", verdict, str(error), mend)
    return Finding("edge tpu", "good", f"{library_version(EDGE_TPU.library)}, {tried}")


def _cameras(source: str, report: Mapping[str, Any] | None) -> Iterator[Finding]:
    if report == {}:  # to look at one opens it, which a gate that is about to would not get
        yield Finding("camera", "good", f"{source}, left to the running gate")
        return
    kind, _, rest = source.partition(":")
    wanted = ""  # as it is listed
    if kind == "picamera2":
        wanted = f"{kind}:{rest or 0}"
    elif kind == "v4l2":
        wanted = f"{kind}:{f'/dev/video{rest}' if rest.isdecimal() else os.path.realpath(rest)}"
    attached = False
    for one in list_attached():
        attached = attached or one.source == wanted
        # One without modes may be in use, but a Video4Linux device tells them even then.
        if one.source.startswith("v4l2") and not one.modes:
            verdict: Verdict = "bad" if one.source == wanted else "warning"
            mend = "sudo usermod -aG video $USER, then log in again"
            yield Finding("camera", verdict, f"{one.source}: {one.name}", mend)
        else:
            yield Finding("camera", "good", f"{one.source}: {one.name}")
    if wanted and not attached:
        mend = "check the cable, then: smile-gate cameras"
        yield Finding("camera", "bad", f"camera.source is {source}, got none there", mend)


def _pins(settings: Settings, running: bool) -> Finding:
    pins = [pin for output in settings.outputs.values() for _, pin in output.pins()]
    if not pins:
        return Finding("pins", "good", "none configured")
    words = f"GPIO {', '.join(map(str, pins))}"
    if running:  # even to try them would move what they drive
        return Finding("pins", "good", f"{words}; the running gate has them")
    try:
        with_pins = {name: one for name, one in settings.outputs.items() if one.pins()}
        Outputs(with_pins, lambda _: None).close()
    except OutputError as error:
        busy = "another program holds it" in str(error)
        mend = f"sudo systemctl stop {UNIT}" if busy else "sudo apt install python3-lgpio"
        return Finding("pins", "bad", str(error), mend)
    library = type(Device.pin_factory).__name__
    return Finding("pins", "good", f"{words}, at their safe level, through {library}")


def _groups() -> Finding:
    mine = set()
    for number in {os.getegid(), *os.getgroups()}:
        try:
            mine.add(grp.getgrgid(number).gr_name)
        except KeyError:  # without a name
            continue
    lacking = [] if os.geteuid() == 0 else [group for group in GROUPS if group not in mine]
    if lacking:
        mend = f"sudo usermod -aG {','.join(lacking)} $USER, then log in again"
        return Finding("groups", "warning", f"you are not in {', '.join(lacking)}", mend)
    return Finding("groups", "good", "cameras and pins are yours to use")


def _folders(settings: Settings) -> Iterator[Finding]:
    folders = {Path.cwd()}
    for output in settings.outputs.values():
        if isinstance(output, SnapshotSettings):
            folders.add(Path(output.folder).absolute())
    for folder in sorted(folders):
        there = next(one for one in (folder, *folder.parents) if os.path.isdir(one))  # noqa: PTH112
        free_mb = shutil.disk_usage(there).free / 1e6
        words = f"{folder}: {free_mb:.0f} MB free"
        if free_mb < LEAST_FREE_MB:
            yield Finding("disk", "bad", words, "delete what is not needed")
        elif not os.access(there, os.W_OK):
            mend = f"sudo chown $USER {there}"
            yield Finding("disk", "warning", f"{folder}: can't be written to", mend)
        else:
            yield Finding("disk", "good", words)


def _power() -> Finding:
    health = read_health()
    known = health.temperature_c is not None
    words = f"{health.temperature_c:.0f} degrees Celsius" if known else "no thermometer"
    before = ", ".join(health.since_start)
    troubles = [*health.warnings, *([f"since the start: {before}"] if before else [])]
    if troubles:
        mend = "the board's own power supply, a short cable, a heat sink"
        return Finding("power", "warning", f"{words}; {'; '.join(troubles)}", mend)
    return Finding("power", "good", words)


def _service(socket: Path) -> tuple[Mapping[str, Any] | None, Finding]:
    """Return what the gate says of itself, empty if it can't be asked, None if none runs."""
    try:
        report = ask(socket)
    except SmileGateError as error:
        state = _said(["systemctl", "is-active", UNIT])[0] or "unknown"
        if state == "failed":
            # After too many ends systemd refuses a start by hand, too, until its count is reset.
            start = f"sudo systemctl reset-failed {UNIT}; sudo systemctl start {UNIT}"
            mend = f"journalctl -u {UNIT}; {start}"
            return None, Finding("service", "bad", f"{state}; {error}", mend)
        if state in RUNNING:
            mend = f"sudo smile-gate doctor, or: journalctl -u {UNIT}"
            return {}, Finding("service", "warning", f"{state}, but {error}", mend)
        mend = f"sudo systemctl start {UNIT}; journalctl -u {UNIT}"
        return None, Finding("service", "warning", f"{state}; {error}", mend)
    words = f"{report.get('fps')} frames per second for {report.get('uptime_s')} s"
    faults = [*report.get("faults", ()), *report.get("warnings", ())]
    if faults:
        mend = f"journalctl -u {UNIT}"
        return report, Finding("service", "warning", f"{words}; {'; '.join(faults)}", mend)
    return report, Finding("service", "good", words)


def _journal() -> Finding:
    command = ["journalctl", "--unit", UNIT, "--priority", "warning", "--lines", "3"]
    # Not --quiet: it would not say either that this user may not read the service's lines.
    last, complaint = _said([*command, "--output", "cat", "--no-pager"])
    if complaint:
        return Finding("journal", "warning", complaint.partition("\n")[0], "sudo smile-gate doctor")
    lines = [line for line in last.splitlines() if not NO_ENTRY.fullmatch(line)]
    return Finding("journal", "good", " | ".join(lines) or "no warnings")


def _read(path: Path) -> str:
    try:
        return path.read_text().strip("\0 \n")
    except OSError:
        return ""


def _said(command: Sequence[str]) -> tuple[str, str]:
    """Return what a program says, and what it complains of; nothing of one that is not here."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10.0, check=False)  # noqa: S603
    except OSError:
        return "", ""
    except subprocess.SubprocessError as error:
        return "", str(error)
    failed = f"{command[0]} ended with code {done.returncode}" if done.returncode else ""
    return done.stdout.strip(), done.stderr.strip() or failed
