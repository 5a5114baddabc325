"""The processor's energy counters: folders written as the kernel documents them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.meters.meter import MeterError, NoMeterError
from benchmarks.meters.powercap import PowercapMeter
from tests.benchmarks.meters.fake_sysfs import package, write


def assert_joules(joules: float, zones: Path, counters_uj: dict[Path, int]) -> None:
    """Open the meter, set counters and read after 0.5 s: the mean power has this energy."""
    now = [100.0]
    meter = PowercapMeter(zones, clock=lambda: now[0])
    for counter, energy_uj in counters_uj.items():
        counter.write_text(f"{energy_uj}\n")
    now[0] += 0.5
    assert meter.read() == pytest.approx(joules / 0.5)
    now[0] += 0.5
    assert meter.read() == 0.0


@pytest.mark.parametrize(
    ("before_uj", "after_uj"), [(1_000_000, 3_000_000), (9_500_000, 1_500_000)]
)
def test_gives_the_mean_power_since_the_reading_before_even_if_the_counter_wraps(
    before_uj: int, after_uj: int, tmp_path: Path
) -> None:
    counter = package(tmp_path, 0, before_uj, span_uj=10_000_000)
    assert_joules(2.0, counter.parents[1], {counter: after_uj})


def test_packages_are_added_and_their_parts_and_the_platform_are_not(tmp_path: Path) -> None:
    zones = tmp_path / "class" / "powercap"
    counters_uj = {package(tmp_path, number, 0): 1_000_000 for number in (0, 1)}
    for zone, name in {
        "intel-rapl:0:0": "core",
        "intel-rapl:2": "psys",
        "intel-rapl-mmio:0": "package-0",
    }.items():
        folder = write(zones / zone, name=name, energy_uj=0, max_energy_range_uj=1 << 40)
        counters_uj[folder / "energy_uj"] = 70_000_000
    write(zones / "intel-rapl", enabled=1)
    assert_joules(2.0, zones, counters_uj)


def test_says_what_it_covers(tmp_path: Path) -> None:
    package(tmp_path, 1, 0)
    package(tmp_path, 0, 0)
    meter = PowercapMeter(tmp_path / "class" / "powercap")
    assert meter.covers.startswith("the processor (package-0, package-1); not memory")
    assert (meter.estimate, meter.rate_hz) == (False, 10.0)
    assert (meter.range_w, meter.resolution_w) == (None, None)


def test_a_machine_with_no_package_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "dtpm", enabled=1)
    with pytest.raises(NoMeterError, match="expected the zone of a package, got none"):
        PowercapMeter(tmp_path)


def test_a_counter_without_an_end_is_refused(tmp_path: Path) -> None:
    package(tmp_path, 0, 0, span_uj=0)
    with pytest.raises(MeterError, match="expected max_energy_range_uj above 0"):
        PowercapMeter(tmp_path / "class" / "powercap")
