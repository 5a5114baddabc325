"""Checks of the gate's parts: settings, model, accelerator, cameras and pins."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from gpiozero import Device
from msgspec.structs import replace

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
from edge.model.bundle import load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.model.edgetpu import EDGE_TPU, library_version
from edge.model.open import open_on_edge_tpu
from edge.outputs.group import Outputs
from edge.outputs.key import UinputKeyboard
from edge.settings import KeySettings, Settings
from edge.settings.load import load_configuration


def check_settings(path: Path | None) -> tuple[Settings, Finding]:
    """Check a configuration. Return the settings for the other checks, too: without a file, and
    when it is bad, the defaults without outputs, as nobody has said what the pins drive."""
    try:
        settings = load_configuration(path).settings
    except ConfigError as error:
        remedy = f"sudo nano {path}" if error.origin == path else "unset it, or mend it"
        return Settings(outputs={}), Finding("settings", "bad", str(error), remedy)
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


def check_cameras(probes: Probes, source: str, gate: Gate) -> Iterator[Finding]:
    """Check that the camera of the settings is attached, and that all cameras can be opened."""
    if gate.runs and not gate.report:  # a gate that starts would not get a camera that is open here
        yield Finding("camera", "good", f"{source}, left to the running gate")
        return
    kind, _, rest = source.partition(":")
    wanted = ""  # the source's name in the list
    if kind == "picamera2":
        wanted = f"{kind}:{rest or 0}"
    elif kind == "v4l2":
        wanted = f"{kind}:{f'/dev/video{rest}' if rest.isdecimal() else os.path.realpath(rest)}"
    attached = False
    for camera in probes.list_attached():
        attached = attached or camera.source == wanted
        text = f"{camera.source}: {camera.name}"
        # A camera without modes may be in use, but a Video4Linux device tells them even then.
        if camera.source.startswith("v4l2") and not camera.modes:
            verdict: Verdict = "bad" if camera.source == wanted else "warning"
            remedy = "sudo usermod -aG video $USER, then log in again"
            yield Finding("camera", verdict, text, remedy)
        else:
            yield Finding("camera", "good", text)
    if wanted and not attached:
        remedy = "check the cable, then: smile-gate cameras"
        yield Finding("camera", "bad", f"camera.source is {source}, got none there", remedy)


def check_pins(settings: Settings, gate: Gate) -> Finding:
    """Check that the pins of the outputs can be had, by putting them to their safe level."""
    outputs = {name: output for name, output in settings.outputs.items() if output.pins()}
    if not outputs:
        return Finding("pins", "good", "none configured")
    numbers = [str(pin) for output in outputs.values() for _, pin in output.pins()]
    text = f"GPIO {', '.join(numbers)}"
    if gate.runs:  # to open them here would move what they drive
        return Finding("pins", "good", f"{text}; the running gate has them")
    try:
        Outputs(outputs, lambda _: None).close()
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
