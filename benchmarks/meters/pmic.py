"""The Raspberry Pi 5's power chip, read by the firmware's ``vcgencmd pmic_read_adc``."""

from __future__ import annotations

import re
import shutil
import subprocess

from benchmarks.meters.meter import Meter, MeterError, NoMeterError

COMMAND = "vcgencmd", "pmic_read_adc"
READING = re.compile(
    r"^\s*(\w+)_(?:A current|V volt)\(\d+\)=(\d+(?:\.\d+)?)([AV])\s*$", re.MULTILINE
)


class PmicMeter(Meter):
    """The sum of current times voltage over the rails for which the chip reads both.

    Attributes:
        timeout_s: longest time of a reading, in seconds.

    Raises:
        NoMeterError: this is no Raspberry Pi 5.
        MeterError: the firmware may not be called, or does not answer.
    """

    name = "pmic"
    covers = (
        "what the power chip gives to the board's rails; not its own losses, and not what USB "
        "devices and the 5 V pins take"
    )
    estimate = True
    rate_hz = 1.0
    """A reading costs time and power of the board: faster would disturb the measurement."""

    timeout_s = 2.0

    def __init__(self) -> None:
        self._rails = set(self._read_rails())

    def read(self) -> float:
        rails = self._read_rails()
        if set(rails) != self._rails:
            raise MeterError(
                f"pmic: expected the rails {', '.join(sorted(self._rails))}, "
                f"got {', '.join(sorted(rails))}",
                self.name,
            )
        return sum(rails.values())

    def _read_rails(self) -> dict[str, float]:
        """Return the power of each rail, in watts."""
        if shutil.which(COMMAND[0]) is None:
            raise NoMeterError(
                f"pmic: expected the program {COMMAND[0]} of a Raspberry Pi 5, got none", self.name
            )
        try:
            result = subprocess.run(  # noqa: S603  (constant arguments)
                COMMAND, capture_output=True, text=True, timeout=self.timeout_s, check=False
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise MeterError(f"pmic: expected readings, got: {error}", self.name) from error
        readings = {
            (rail, unit): float(value) for rail, value, unit in READING.findall(result.stdout)
        }
        rails = {
            rail: amperes * readings[rail, "V"]
            for (rail, unit), amperes in readings.items()
            if unit == "A" and (rail, "V") in readings
        }
        if not rails:
            raise self._failure(result)
        return rails

    def _failure(self, result: subprocess.CompletedProcess[str]) -> MeterError:
        line = (result.stdout.strip() or result.stderr.strip() or "nothing").splitlines()[0]
        expected = f"pmic: expected currents and voltages from `{' '.join(COMMAND)}`, got: {line}"
        if result.returncode and not line.startswith("error="):
            return MeterError(f"{expected}: is this user in the group video?", self.name)
        return NoMeterError(f"{expected}: only the Raspberry Pi 5 has them", self.name)
