"""A service that runs in a thread, or as a program, with a file as camera and a service manager.

The program: ``python -m tests.edge.service.running_service PINS_LOG run --config ...``.
"""

from __future__ import annotations

import math
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge.cameras.camera import Camera
from edge.cameras.capture import Capture, open_captured
from edge.cameras.demo import DemoCamera
from edge.cameras.source import open_camera
from edge.cli import __main__ as cli
from edge.cli import run
from edge.errors import CameraError, FrameError
from edge.service.sd_notify import Notifier
from edge.service.service import Service
from edge.service.signals import Stopper
from edge.settings import Settings
from edge.settings.load import load_configuration
from edge.values import Frame
from tests.edge.outputs.harness import EventLog
from tests.waiting import wait_until

CONFIG = """
[camera]
source = "v4l2:{camera}"
stall_s = 2.0
[trigger]
hold_s = 0.1
neutral_first = false
[outputs.photo]
kind = "shutter"
pin = 17
pulse_s = 0.05
"""

SOON_LOST = ("stall_s = 2.0", "stall_s = 0.2")
PIN_22 = ("pin = 17", "pin = 22")
LONG_PULSE = (("pulse_s = 0.05", "pulse_s = 9"), ("hold_s", "cooldown_s = 9\nhold_s"))

Change = tuple[str, str]
"""A part of ``CONFIG``, and what takes its place."""


@cache
def shown_frames() -> Mapping[str, Sequence[Frame]]:
    demo = list(islice(iter(DemoCamera().read, None), 80))
    return {"plain": demo[:30], "smile": demo[50:]}


class FileCamera:
    """A live camera whose device is a file, with a word for what the camera does.

    It shows a face at ``plain`` and ``smile``, gives no pictures at ``garbage``, and does not
    return at ``hang``; without the file it is unplugged.
    """

    live = True
    fps = 30.0

    def __init__(self, settings: Settings) -> None:
        self._source = settings.camera.source
        self._file = Path(self._source.removeprefix("v4l2:"))
        self._shown = shown_frames()
        self._index = 0
        self._word()

    def _word(self) -> str:
        try:
            return self._file.read_text()
        except OSError as error:
            raise CameraError(f"{self._source}: unplugged", self._source) from error

    def read(self) -> Frame:
        time.sleep(1.0 / self.fps)
        while (word := self._word()) == "hang":
            time.sleep(0.01)
        if word == "garbage":
            raise FrameError("garbage", self._source)
        self._index += 1
        grey = self._shown[word][self._index % 30].grey
        return Frame(self._index, time.monotonic(), grey)

    def close(self) -> None:
        pass


def open_file_or_camera(settings: Settings) -> Camera:
    if settings.camera.source.startswith("v4l2:/"):
        return FileCamera(settings)
    return open_camera(settings)


class QuickCapture(Capture):
    FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.05


open_file_captured = partial(open_captured, open_source=open_file_or_camera, capture=QuickCapture)


def put(path: Path, text: str) -> None:
    """Replace a file in one go, for a reader at any moment."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.rename(path)


class Manager:
    """A service manager with a real socket.

    Attributes:
        messages: what it received; complete after ``close``.
    """

    def __init__(self, address: str) -> None:
        address_shown = address.replace("\0", "@")
        self.environment = {"NOTIFY_SOCKET": address_shown, "WATCHDOG_USEC": "200000"}
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while message := self._socket.recv(4096).decode():
            self.messages.append(message)

    def count(self, word: str) -> int:
        return sum(word in message.splitlines() for message in list(self.messages))

    @property
    def fed(self) -> int:
        return self.count("WATCHDOG=1")

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


class Gate:
    """The camera, the settings and the service manager of a gate, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.camera = folder / "camera"
        self.config = folder / "c.toml"
        self.manager = Manager(str(folder / "notify"))

    def configure(self, *changes: Change, more: str = "") -> None:
        text = CONFIG.format(camera=self.camera)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        put(self.config, text + more)

    def wait_ready(self) -> None:
        wait_until(lambda: self.manager.count("READY=1") > 0, 30.0)


class Served(Gate):
    """A service that runs in a thread of this process, its camera showing ``shown``."""

    def __init__(
        self,
        folder: Path,
        shown: str,
        *changes: Change,
        managed: bool,
        events: EventLog | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(folder)
        self.configure(*changes)
        if shown:
            put(self.camera, shown)
        self.events = EventLog() if events is None else events
        self._reload_at = 0
        self.stopper = Stopper()
        self.error: Exception | None = None
        try:
            self.service = Service(
                lambda: load_configuration(self.config).settings,
                self.events,
                self.stopper,
                Notifier(self.manager.environment if managed else {}),
                # This process has the memory of all tests.
                **{"open_camera": open_file_captured, "memory_mb": math.inf, **arguments},
            )
        except BaseException:
            self.manager.close()
            raise
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.service.run()
        except Exception as error:  # noqa: BLE001  (for the test to look at)
            self.error = error
        finally:
            self.service.close()

    @property
    def frames(self) -> int:
        return int(self.service.report()["frames"])

    @property
    def camera_events(self) -> list[str]:
        return [name for name in self.events.names if name.startswith("camera")]

    @property
    def since_reload(self) -> EventLog:
        """The events since the last reload was requested, without the ends of pulses."""
        return EventLog(
            event for event in self.events[self._reload_at :] if event.name != "released"
        )

    def wait_for_frames(self, count: int = 3) -> None:
        frames = self.frames
        wait_until(lambda: self.frames >= frames + count)

    def wait_for(self, event: str, count: int = 1) -> None:
        wait_until(lambda: self.events.names.count(event) >= count)

    def unplug(self) -> None:
        """Take the camera away, and wait until its loss is reported."""
        losses = self.events.names.count("camera_lost")
        self.camera.unlink()
        self.wait_for("camera_lost", losses + 1)

    def plug_in_other(self, shown: str) -> Change:
        """Plug in another camera; return the change of the settings that selects it."""
        other = self.folder / "other"
        put(other, shown)
        return str(self.camera), str(other)

    def reload(self, *changes: Change, more: str = "") -> None:
        """Change the settings, if changes are given; ask for a reload and wait for its end."""
        if changes or more:
            self.configure(*changes, more=more)
        self._reload_at = len(self.events)
        done = self.manager.count("READY=1")
        self.stopper.wake.set()
        wait_until(lambda: self.manager.count("READY=1") > done or self.error is not None, 20.0)

    def end(self) -> None:
        self.stopper.stop.set()
        self.stopper.wake.set()
        self._thread.join(10.0)
        assert not self._thread.is_alive()
        self.manager.close()


Serve = Callable[..., Served]


class LoggedPin(MockPin):  # type: ignore[misc]
    """A mock pin that writes each change of its level to a file."""

    log: Path

    def _change_state(self, value: bool) -> bool:
        if changed := bool(super()._change_state(value)):
            with self.log.open("a") as file:
                file.write(f"{self.info.name} {int(value)}\n")
        return changed


def main() -> int:
    LoggedPin.log = Path(sys.argv[1])
    Device.pin_factory = MockFactory(pin_class=LoggedPin)
    service = partial(Service, open_camera=open_file_captured)
    run.Service = service  # type: ignore[attr-defined,assignment]
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
