"""The Raspberry Pi 5's power chip, asked through a program called vcgencmd.

The readings were not recorded on a Pi: they are round numbers in the format of the firmware
(https://github.com/jfikar/RPi5-power shows an example).
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from benchmarks.meters.meter import MeterError, NoMeterError
from benchmarks.meters.open import open_meter
from benchmarks.meters.pmic import PmicMeter

CURRENTS = """\
 3V7_WL_SW_A current(0)=0.01000000A
   3V3_SYS_A current(1)=0.10000000A
  DDR_VDDQ_A current(4)=0.00000000A
  VDD_CORE_A current(7)=2.00000000A
"""
VOLTAGES = """\
 3V7_WL_SW_V volt(8)=3.70000000V
   3V3_SYS_V volt(9)=3.30000000V
  DDR_VDDQ_V volt(12)=0.60000000V
  VDD_CORE_V volt(15)=0.75000000V
     EXT5V_V volt(24)=5.10000000V
      BATT_V volt(25)=0.00500000V
"""
WATTS = 0.01 * 3.7 + 0.1 * 3.3 + 2.0 * 0.75


@pytest.fixture
def readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program called vcgencmd on the path, which prints the content of this file."""
    program, output = tmp_path / "vcgencmd", tmp_path / "output"
    program.write_text(f'#!/bin/sh\n[ "$*" = pmic_read_adc ] && cat {shlex.quote(str(output))}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return output


def test_adds_current_times_voltage_of_the_rails_that_have_both(readings: Path) -> None:
    readings.write_text(CURRENTS + VOLTAGES)
    meter = PmicMeter()
    assert meter.read() == pytest.approx(WATTS)
    readings.write_text((CURRENTS + VOLTAGES).replace("2.00000000A", "4.00000000A"))
    assert meter.read() == pytest.approx(WATTS + 2.0 * 0.75)


def test_is_an_estimate_of_unknown_range_read_once_a_second(readings: Path, tmp_path: Path) -> None:
    readings.write_text(CURRENTS + VOLTAGES)
    meter = open_meter("auto", tmp_path)
    assert meter is not None
    assert (meter.name, meter.estimate, meter.rate_hz) == ("pmic", True, 1.0)
    assert (meter.range_w, meter.resolution_w) == (None, None)
    assert "not" in meter.covers
    assert "USB" in meter.covers


def test_another_raspberry_pi_has_no_such_meter(readings: Path) -> None:
    readings.write_text('error=1 error_msg="Command not registered"\n')
    with pytest.raises(NoMeterError, match=r"Command not registered.*only the Raspberry Pi 5"):
        PmicMeter()


def test_no_permission_is_one_line_with_what_mends_it(readings: Path, tmp_path: Path) -> None:
    (tmp_path / "vcgencmd").write_text(
        '#!/bin/sh\necho "Can\'t open device file: /dev/vcio"; echo Try creating it; exit 255\n'
    )
    assert not readings.exists()
    with pytest.raises(MeterError, match="/dev/vcio: is this user in the group video") as caught:
        PmicMeter()
    assert not isinstance(caught.value, NoMeterError)
    assert "\n" not in str(caught.value)


def test_a_rail_that_is_missing_later_is_not_taken_for_less_power(readings: Path) -> None:
    readings.write_text(CURRENTS + VOLTAGES)
    meter = PmicMeter()
    readings.write_text(CURRENTS + VOLTAGES.replace("0.75000000V", "nanV"))
    with pytest.raises(MeterError, match=r"expected the rails .*VDD_CORE, got 3V3_SYS"):
        meter.read()


def test_firmware_that_does_not_answer_is_one_line(readings: Path, tmp_path: Path) -> None:
    readings.write_text(CURRENTS + VOLTAGES)
    meter = PmicMeter()
    (tmp_path / "vcgencmd").write_text("#!/bin/sh\nexec sleep 20\n")
    meter.timeout_s = 0.1
    with pytest.raises(MeterError, match=r"pmic: expected readings, got: .* timed out"):
        meter.read()
