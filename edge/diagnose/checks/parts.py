"""Checks of the gate's parts: settings, model, accelerator, cameras and pins."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

from gpiozero import Device
from msgspec.structs import replace

from edge.cameras.capture import open_captured
from edge.diagnose.checks.interface import Finding, Probes, Verdict
from edge.diagnose.checks.service import UNIT, Gate
from edge.errors import (
    BundleError,
    ConfigError,
    MissingPackageError,
    OutputError,
    PinInUseError,
    SmileGateError,
)
from edge.faces.haar import find_cascade
from edge.faces.open import open_detector
from edge.model.bundle import load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.model.edgetpu import EDGE_TPU, library_version
from edge.model.open import open_on_edge_tpu
from edge.outputs.command import ENVIRONMENT
from edge.outputs.group import Outputs
from edge.outputs.key import UinputKeyboard
from edge.service.arming import Arming
from edge.settings import CameraSettings, CommandSettings, FaceSettings, KeySettings, Settings
from edge.settings.load import load_configuration

UNKNOWN = Settings(camera=CameraSettings(source=""), outputs={})
"""The defaults, without a camera to miss and pins to move."""


def check_settings(path: Path | None) -> tuple[Settings, Finding]:
    """Check a configuration. Return the settings for the other checks, too: without a file the
    defaults without outputs, as nobody has said what the pins drive; ``UNKNOWN`` if the file is bad
    or this user may not read it."""
    try:
        settings = load_configuration(path).settings
    except ConfigError as error:
        if isinstance(error.__cause__, PermissionError):
            remedy = f"sudo smile-gate doctor --config {path}"
            return UNKNOWN, Finding("settings", "warning", str(error), remedy)
        remedy = f"sudo nano {path}" if error.origin == path else "unset it, or mend it"
        return UNKNOWN, Finding("settings", "bad", str(error), remedy)
    if path is None:
        return replace(settings, outputs={}), Finding("settings", "good", "the defaults, no file")
    return settings, Finding("settings", "good", str(path))


def check_model(settings: Settings) -> Finding:
    """Check that the model's bundle is whole and the model passes its self-test on the CPU."""
    try:
        classifier = Classifier(load_bundle(Path(settings.model.bundle)), settings.model.threads)
        classifier.self_test()
    except SmileGateError as error:
        return Finding("model", "bad", str(error), "./install.sh upgrade, or another model.bundle")
    manifest = classifier.manifest
    digest = manifest.files[manifest.model][:12]
    return Finding("model", "good", f"{manifest.name}, SHA-256 {digest}..., {_timed(classifier)}")


def _timed(classifier: Classifier) -> str:
    pictures = list(self_test_pictures(classifier.manifest.input.width))
    started = time.perf_counter()
    for picture in pictures:
        classifier.infer(picture)
    each_ms = (time.perf_counter() - started) / len(pictures) * 1e3
    return f"self-test passed, {each_ms:.2f} ms"


def check_edge_tpu(settings: Settings, gate: Gate) -> Finding:
    """Check that the model runs on the accelerator, if there is one and no running gate has it."""
    wish = settings.model.edge_tpu
    remedy = "plug it in, then: sudo ./install.sh --coral"
    if not EDGE_TPU.usb_id():
        if wish == "usb":
            return Finding("edge tpu", "bad", "model.edge_tpu is usb, got none there", remedy)
        return Finding("edge tpu", "good", "none on USB")
    if wish == "off":
        return Finding("edge tpu", "good", "on USB, but model.edge_tpu is off")
    if gate.runs and gate.report.get("model_on") != "CPU":  # it answers one program at a time
        return Finding("edge tpu", "good", "left to the running gate")
    try:
        bundle = load_bundle(Path(settings.model.bundle))
        timed = _timed(open_on_edge_tpu(bundle, settings.model.threads))
        text = f"{library_version(EDGE_TPU.library)}, {timed}"
    except SmileGateError as error:
        if isinstance(error, BundleError):
            remedy = "a bundle made with convert.quantize --edgetpu; see docs/coral.md"
        return Finding("edge tpu", "bad" if wish == "usb" else "warning", str(error), remedy)
    return Finding("edge tpu", "good", text)


def check_faces(settings: FaceSettings) -> Finding:
    """Check that the face detector can be opened."""
    try:
        open_detector(settings)
        is_haar = settings.detector == "haar"
        file = settings.cascade or find_cascade() if is_haar else settings.yunet_model
    except MissingPackageError as error:
        return Finding("faces", "bad", str(error), "sudo apt install opencv-data")
    except ConfigError as error:
        remedy = f"another {error.key}: smile-gate config explain {error.key}"
        return Finding("faces", "bad", str(error), remedy)
    return Finding("faces", "good", f"{settings.detector}, {file}")


def check_cameras(probes: Probes, settings: Settings, gate: Gate) -> Iterator[Finding]:
    """Check that all attached cameras can be opened, and that the source of the settings gives a
    frame."""
    source, shown = settings.camera.source, settings.camera.shown_source
    if gate.runs and not gate.report:  # a gate that starts would not get a camera that is open here
        yield Finding("camera", "good", f"{shown or 'all'}, left to the running gate")
        return
    kind, _, rest = source.partition(":")
    wanted = ""  # the source's name in the list
    if kind == "picamera2":
        wanted = f"{kind}:{rest or 0}"
    elif kind == "v4l2":
        wanted = f"{kind}:{f'/dev/video{rest}' if rest.isdecimal() else os.path.realpath(rest)}"
    attached = may_be_opened = not wanted
    for camera in probes.list_attached():
        text = f"{camera.source}: {camera.name}"
        attached = attached or camera.source == wanted
        # A camera without modes may be in use, but a Video4Linux device tells them even then.
        if camera.source.startswith("v4l2") and not camera.modes:
            verdict: Verdict = "bad" if camera.source == wanted else "warning"
            remedy = "sudo usermod -aG video $USER, then log in again"
            yield Finding("camera", verdict, text, remedy)
        else:
            may_be_opened = may_be_opened or camera.source == wanted
            yield Finding("camera", "good", text)
    if wanted and not attached:
        remedy = "check the cable, then: smile-gate cameras"
        yield Finding("camera", "bad", f"camera.source is {source}, got none there", remedy)
    elif source and gate.runs:
        yield Finding("camera", "good", f"{shown}, left to the running gate")
    elif source and may_be_opened:
        yield _try_source(probes, settings)


def _try_source(probes: Probes, settings: Settings) -> Finding:
    """Take a frame from the source of the settings."""
    shown = settings.camera.shown_source
    try:
        opened = open_captured(settings, stop=threading.Event(), open_source=probes.open_camera)
        with closing(opened) as camera, camera.read() or nullcontext() as frame:
            size = f"{frame.grey.shape[1]}x{frame.grey.shape[0]}" if frame else "no frame"
    except SmileGateError as error:
        check = "address, name and password" if "://" in shown else "camera.source"
        remedy = f"check {check}, then: smile-gate look"
        return Finding("camera", "bad", f"camera.source is {shown}, got: {error}", remedy)
    return Finding("camera", "good", f"{shown} gives {size}")


def check_programs(settings: Settings) -> Iterator[Finding]:
    """Check that the programs of command outputs are installed."""
    for name, output in settings.outputs.items():
        if not isinstance(output, CommandSettings):
            continue
        program = output.command[0]
        path = (ENVIRONMENT | output.environment)["PATH"]
        found = shutil.which(program, path=path)
        subject, remedy = f"outputs.{name}", f"its whole path in outputs.{name}.command"
        if found is None:
            place = "" if "/" in program else f" in {path}"
            text = f"{program}: expected a program{place}, got none"
            yield Finding(subject, "bad", text, f"install it, or {remedy}")
        elif "/" in program and not os.path.isabs(program):  # noqa: PTH117
            text = f"{program}: there in this folder, but the service starts in another"
            yield Finding(subject, "warning", text, remedy)
        else:
            yield Finding(subject, "good", found)


def check_pins(settings: Settings, gate: Gate) -> Finding:
    """Check that the pins of outputs and switch can be had: outputs are put to their safe level."""
    outputs = {name: output for name, output in settings.outputs.items() if output.pins()}
    numbers = [pin for output in outputs.values() for _, pin in output.pins()]
    if (switch_pin := settings.arming.switch_pin) is not None:
        numbers.append(switch_pin)
    if not numbers:
        return Finding("pins", "good", "none configured")
    text = f"GPIO {', '.join(map(str, numbers))}"
    if gate.runs:  # to open them here would move what they drive
        return Finding("pins", "good", f"{text}; the running gate has them")
    try:
        Outputs(outputs, lambda _: None).close()
        with closing(Arming()) as arming:
            arming.open(settings.arming)
    except PinInUseError as error:
        return Finding("pins", "bad", str(error), f"sudo systemctl stop {UNIT}")
    except OutputError as error:
        return Finding("pins", "bad", str(error), "sudo apt install python3-lgpio")
    library = type(Device.pin_factory).__name__
    return Finding("pins", "good", f"{text}, at their safe level, through {library}")


def check_keyboards(settings: Settings) -> Iterator[Finding]:
    """Check that key outputs get a keyboard, by making each and removing it again."""
    for name, output in settings.outputs.items():
        if isinstance(output, KeySettings):
            try:
                UinputKeyboard(name, output.key).close()
            except (MissingPackageError, OutputError) as error:
                yield Finding("keyboard", "bad", str(error), "sudo ./install.sh --key")
            else:
                yield Finding("keyboard", "good", f"outputs.{name} may press {output.key}")
