"""A key of this machine that a smile presses: a switch for people who cannot use their hands."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from math import inf
from typing import Any, ClassVar, Protocol

from edge.errors import MissingPackageError, OutputError
from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Firing
from edge.outputs.queued_output import QueuedOutput
from edge.settings import KeySettings
from edge.values import Decision, Frame

REMEDY = "sudo ./install.sh --key sets it up"


class Keyboard(Protocol):
    """A keyboard with one key."""

    def move_key(self, *, down: bool) -> None:
        """Press the key or release it; nothing happens if it is there already."""

    def close(self) -> None:
        """Remove the keyboard, which releases its key; may be called more than once."""


class UinputKeyboard:
    """A keyboard with one key that the kernel makes for this process, through ``/dev/uinput``. It
    has no other key, so nothing else can be typed with it.

    Args:
        output: the name of the output that it is for.
        key: one of ``edge.settings.outputs.KEYS``.

    Raises:
        MissingPackageError: python-evdev is not installed.
        OutputError: the kernel gives this process no keyboard.
    """

    def __init__(self, output: str, key: str) -> None:
        try:
            from evdev import UInput, UInputError, ecodes
        except ImportError as error:
            raise MissingPackageError(
                f"outputs.{output}: expected the package python3-evdev, got: {error}; {REMEDY}",
                name="evdev",
            ) from error

        class WriteOnly(UInput):  # type: ignore[misc]
            def _find_device(self, *_: object) -> None:
                """Skip what else would try to read the new keyboard for 2 s, which this process
                need not and the service may not."""

        self._ecodes: Any = ecodes
        self._code: int = ecodes.ecodes[f"KEY_{key.upper()}"]
        try:
            self._device: Any = WriteOnly(
                {ecodes.EV_KEY: [self._code]}, name=f"smile-gate {output}"[:79]
            )
        except (UInputError, OSError) as error:
            raise OutputError(
                f"outputs.{output}: expected a keyboard from /dev/uinput, got: {error}; {REMEDY}",
                output,
            ) from error

    def move_key(self, *, down: bool) -> None:
        self._device.write(self._ecodes.EV_KEY, self._code, int(down))
        self._device.syn()

    def close(self) -> None:
        self._device.close()


class Key(QueuedOutput):
    """Presses a key at each firing: for ``tap_s``, or until the smile that fired ends. A firing
    that comes during a press, or less than ``ignore_repeat_s`` after its end, is dropped.

    The kernel removes the keyboard with this process, however that ends, and releases its key.

    Args:
        open_keyboard: opens a keyboard, given the output's name and the key.

    Raises:
        MissingPackageError: python-evdev is not installed.
        OutputError: the kernel gives this process no keyboard.
    """

    QUEUE_SIZE = 0
    NOTICED_S: ClassVar[float] = 1.0
    """No press begins earlier after the keyboard appeared: a desktop has to open it first."""

    def __init__(
        self,
        name: str,
        settings: KeySettings,
        listen: Listen,
        faults: Faults,
        *,
        open_keyboard: Callable[[str, str], Keyboard] = UinputKeyboard,
    ) -> None:
        super().__init__(name, listen, faults)
        self._settings = settings
        self._keyboard = open_keyboard(name, settings.key)
        self._opened_at = clock.monotonic()
        self._released_at = -inf
        self._smiling = False
        self._closed = False
        self.start()

    def fire(self, firing: Firing) -> bool:
        with self._lock:
            if clock.monotonic() - self._released_at < self._settings.ignore_repeat_s:
                return False
            self._smiling = True
            return super().fire(firing)

    def process_frame(self, decision: Decision, frame: Frame | None) -> None:  # noqa: ARG002
        if decision.smiling != self._smiling:
            with self._lock:
                self._smiling = decision.smiling
                self._lock.notify_all()

    def handle(self, firing: Firing) -> None:
        self.wait(self._opened_at + self.NOTICED_S - clock.monotonic())
        with self.activation():
            self._keyboard.move_key(down=True)
        pressed_at = clock.monotonic()
        try:
            self.wait(self._settings.tap_s)
            if self._settings.press == "hold":
                self._wait_for_the_smile_to_end(pressed_at + self._settings.max_hold_s)
        finally:
            self.finish()
            self._released_at = clock.monotonic()
            length_s = round(self._released_at - pressed_at, 4)
            self.send_event("released", firing, length_s=length_s)

    def _wait_for_the_smile_to_end(self, latest: float) -> None:
        with self._lock:
            self._lock.wait_for(
                lambda: self.interrupted or not self._smiling, latest - clock.monotonic()
            )
            self.check_not_interrupted()

    def off(self) -> None:
        if not self._closed:
            self._keyboard.move_key(down=False)

    def release(self) -> None:
        with self._lock:
            self._closed = True
            self._keyboard.close()
