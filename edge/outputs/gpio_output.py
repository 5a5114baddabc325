"""An output with GPIO pins, and what goes wrong when a pin is opened."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gpiozero import (
    BadPinFactory,
    GPIOPinInUse,
    OutputDevice,
    PinFactoryFallback,
    PinPWMUnsupported,
    TonalBuzzer,
)

from edge.errors import OutputError, PinInUseError
from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Output


class GpioOutput(Output):
    """Drives gpiozero devices, all inactive at the safe level."""

    def __init__(self, name: str, listen: Listen, faults: Faults) -> None:
        super().__init__(name, listen, faults)
        self._devices: list[Any] = []

    def open_pin(self, pin: int, open_device: Callable[[int], Any]) -> Any:
        """Open a gpiozero device on a pin; if that fails, release the devices opened before.

        Args:
            pin: BCM number.
            open_device: takes the number and returns the device, inactive.

        Raises:
            PinInUseError: another program or device holds the pin.
            OutputError: there is no GPIO here, or the pin can't be opened.
        """
        try:
            with opening(self.name, pin):
                device = open_device(pin)
        except BaseException:
            self.release()
            raise
        self._devices.append(device)
        return device

    def drive(self, device: Any, value: object = True) -> None:
        """Switch a gpiozero device to an active level.

        Raises:
            Interrupted: the output was made safe since ``begin``.
        """
        with self.activation():
            device.value = value

    def off(self) -> None:
        for device in self._devices:
            if isinstance(device, OutputDevice):
                device.off()
            elif isinstance(device, TonalBuzzer):
                device.stop()

    def release(self) -> None:
        with self._lock:
            while self._devices:
                self._devices.pop().close()


@contextmanager
def opening(name: str, pin: int, key: str = "") -> Iterator[None]:
    """Turn what gpiozero and the pin libraries raise when a pin (BCM number) is opened into the
    errors that ``GpioOutput.open_pin`` raises, which name the output and the pin; for a pin of no
    output, the key of its setting."""
    kind, usable, hint = OutputError, f"GPIO {pin} to be usable", ""
    try:
        with warnings.catch_warnings():
            # gpiozero warns of each pin library it tries in vain; the error tells the outcome.
            warnings.simplefilter("ignore", PinFactoryFallback)
            yield
            return
    except (BadPinFactory, ImportError) as error:
        expected, cause = "GPIO on this machine", error
        hint = "; GPIOZERO_PIN_FACTORY=mock simulates it"
    except PinPWMUnsupported as error:
        expected, cause = f"GPIO {pin} to be dimmable", error
        hint = "no PWM; GPIOZERO_MOCK_PIN_CLASS=MockPWMPin simulates it"
    except GPIOPinInUse as error:  # by another device of this program
        kind, expected, cause = PinInUseError, usable, error
    except Exception as error:  # noqa: BLE001  (each pin library has errors of its own)
        expected, cause = usable, error
        if _held_by_another_program(error):
            kind, hint = PinInUseError, "; another program holds it, perhaps smile-gate itself"
    key = key or f"outputs.{name}"
    raise kind(f"{key}: expected {expected}, got: {cause}{hint}", name, pin) from cause


def _held_by_another_program(error: Exception) -> bool:
    """Tell whether the kernel refused a pin as busy; gpiozero has no error of its own for it."""
    if isinstance(error, OSError):
        return error.errno == errno.EBUSY
    # lgpio's only error carries no code, but the text that lgpio has for the code.
    lgpio: Any = sys.modules.get("lgpio")
    return (
        lgpio is not None
        and isinstance(error, lgpio.error)
        and error.args == (lgpio.error_text(lgpio.GPIO_BUSY),)
    )
