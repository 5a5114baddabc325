"""The Raspberry Pi 5's power chip, by its firmware's ``vcgencmd pmic_read_adc``."""

from __future__ import annotations

import re
import shutil
import subprocess

from benchmarks.meters import MeterError, NoMeterError

COMMAND = "vcgencmd", "pmic_read_adc"
READING = re.compile(
    r"^\s*(\w+)_(?:A current|V volt)\(\d+\)=(\d+(?:\.\d+)?)([AV])\s*$", re.MULTILINE
)


class PmicMeter:
    """The sum of current times voltage over the rails of which both are read.

    Raises:
        NoMeterError: this is no Raspberry Pi 5.
        MeterError: the firmware may not be asked, or does not answer.
    """

    name = "pmic"
    covers = (
        "what the power chip gives to the board's rails; not its own losses, and not what USB "
        "devices and the 5 V pins take"
    )
    estimate = True
    range_w: tuple[float, float] | None = None
    resolution_w: float | None = None
    rate_hz = 1.0
    """Reading takes the board's time and power: no more often."""

    TIMEOUT_S = 2.0

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

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def _read_rails(self) -> dict[str, float]:
        """Return each rail's power, in watts."""
        if shutil.which(COMMAND[0]) is None:
            raise NoMeterError(
                f"pmic: expected the program {COMMAND[0]} of a Raspberry Pi 5, got none", self.name
            )
        try:
            said = subprocess.run(  # noqa: S603  (no argument is the user's)
                COMMAND, capture_output=True, text=True, timeout=self.TIMEOUT_S, check=False
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise MeterError(f"pmic: expected readings, got: {error}", self.name) from error
        readings = {
            (rail, unit): float(value) for rail, value, unit in READING.findall(said.stdout)
        }
        rails = {
            rail: amperes * readings[rail, "V"]
            for (rail, unit), amperes in readings.items()
            if unit == "A" and (rail, "V") in readings
        }
        if not rails:
            raise self._why(said)
        return rails

    def _why(self, said: subprocess.CompletedProcess[str]) -> MeterError:
        words = (said.stdout.strip() or said.stderr.strip() or "nothing").splitlines()[0]
        expected = f"pmic: expected currents and voltages from `{' '.join(COMMAND)}`, got: {words}"
        if said.returncode and not words.startswith("error="):
            return MeterError(f"{expected}: is this user in the group video?", self.name)
        return NoMeterError(f"{expected}: only the Raspberry Pi 5 has them", self.name)
