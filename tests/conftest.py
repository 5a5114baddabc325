from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from edge.cameras.demo import COLLINS, HOPPER, DemoCamera
from edge.cli.console import silence_libraries
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from edge.values import Frame, Grey

pytest_plugins = ["tests.tiny_sets", "tests.edge.cli.commands", "tests.edge.model.fake_coral"]

ROOT = Path(__file__).resolve().parents[1]

silence_libraries()  # before a test first uses FFmpeg


@pytest.fixture(autouse=True)
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    factory = MockFactory()
    Device.pin_factory = factory
    yield factory
    factory.reset()
    Device.pin_factory = None


@pytest.fixture
def default_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def hopper() -> Grey:
    """Grace Hopper, not smiling."""
    return HOPPER.read()


@pytest.fixture(scope="session")
def collins() -> Grey:
    """Eileen Collins, smiling."""
    return COLLINS.read()


@pytest.fixture(scope="session")
def demo_frames() -> list[Frame]:
    return list(iter(DemoCamera().read, None))


@pytest.fixture(scope="session")
def portraits(tmp_path_factory: pytest.TempPathFactory, hopper: Grey, collins: Grey) -> Path:
    """A folder with the two portraits as JPEG files."""
    folder = tmp_path_factory.mktemp("portraits")
    cv2.imwrite(str(folder / "a-hopper.jpg"), hopper)
    cv2.imwrite(str(folder / "b-collins.jpg"), collins)
    return folder


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, demo_frames: list[Frame]) -> Path:
    """The demo clip as a video file."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_video(path, demo_frames)
    return path


def lasted(seconds: float, wanted: float) -> bool:
    """Tell whether a pulse was never shorter than wanted, and longer by no more than a busy
    machine makes it."""
    return wanted - 0.005 <= seconds < wanted + 1.0


def write_video(path: Path, frames: list[Frame], codec: str = "mp4v") -> None:
    height, width = frames[0].grey.shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 30.0, (width, height))
    assert writer.isOpened()
    for frame in frames:
        writer.write(cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR))
    writer.release()


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier(load_bundle(SHIPPED_BUNDLE))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder with the real data sets; tests that need them skip where it is not there."""
    folder = Path(os.environ.get("SMILE_GATE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the data sets are not here: SMILE_GATE_DATA names no folder")
    return folder
