"""An Edge TPU and its library, here a fake."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import EdgeTpuError
from edge.model.edgetpu import NO_FIRMWARE, READY, EdgeTpu, UsbId, main
from tests.conftest import ROOT
from tests.edge.model.fake_coral import Coral

VERSION = "BuildLabel(N/A), RuntimeVersion(14)"


@pytest.mark.parametrize("usb_id", [NO_FIRMWARE, READY])
def test_is_on_usb_with_and_without_its_firmware(coral: Coral, usb_id: UsbId) -> None:
    coral.plug(usb_id)
    assert coral.edge_tpu.usb_id() == usb_id


def test_other_devices_and_half_a_device_are_no_accelerator(coral: Coral, tmp_path: Path) -> None:
    (coral.devices / "2-1" / "idProduct").unlink()  # as while it is unplugged
    assert coral.edge_tpu.usb_id() is None
    coral.unplug()
    assert coral.edge_tpu.usb_id() is None
    assert EdgeTpu(devices=tmp_path / "no-usb-here").usb_id() is None


@pytest.mark.parametrize("use", [EdgeTpu.probe, EdgeTpu.open_delegate])
@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("absent", "an Edge TPU on USB that answers, got none: another program uses it"),
        ("crash", r"it to load, but it crashes \(signal 11\): it was built for another TensorFlow"),
    ],
)
def test_an_accelerator_that_does_not_answer_or_crashes_is_an_error(
    coral: Coral, how: str, message: str, use: Callable[[EdgeTpu], object]
) -> None:
    coral.does(how)
    with pytest.raises(EdgeTpuError, match=rf"libedgetpu\.so\.1: expected {message}") as failure:
        use(coral.edge_tpu)
    assert failure.value.library == coral.edge_tpu.library


@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("libnot-here.so.1", r"libnot-here\.so\.1: cannot open shared object file"),
        ("libm.so.6", r"libm\.so\.6: undefined symbol: edgetpu_version"),
        (__file__, r"test_edgetpu\.py: invalid ELF header"),
    ],
)
def test_another_library_is_named(coral: Coral, library: str, message: str) -> None:
    with pytest.raises(EdgeTpuError, match=rf"^expected the Edge TPU's library, got: .*{message}"):
        EdgeTpu(library, coral.devices).open_delegate()


def test_a_probe_that_hangs_is_ended(coral: Coral) -> None:
    with pytest.raises(EdgeTpuError, match="to load within"):
        EdgeTpu(coral.edge_tpu.library, coral.devices, timeout_s=0.001).probe()


def test_an_accelerator_that_this_process_uses_is_not_probed(coral: Coral) -> None:
    """It would not answer the probe."""
    delegate = coral.edge_tpu.open_delegate()
    coral.unplug()
    another = coral.edge_tpu.open_delegate()
    del delegate, another
    gc.collect()
    with pytest.raises(EdgeTpuError, match="on USB, got none"):
        coral.edge_tpu.open_delegate()


@pytest.mark.parametrize("then", ["another", "unplugged"])
def test_a_failed_probe_is_repeated_after_replugging(coral: Coral, then: str) -> None:
    for how in ("absent", "well"):  # the second probe is not run, but repeats the error
        coral.does(how)
        with pytest.raises(EdgeTpuError, match="that answers, got none"):
            coral.edge_tpu.probe()
    assert coral.probes == 1
    if then == "another":
        coral.plug(NO_FIRMWARE)
    else:
        coral.unplug()
        with pytest.raises(EdgeTpuError, match="expected an Edge TPU on USB, got none"):
            coral.edge_tpu.probe()
        coral.plug()
    assert coral.edge_tpu.probe() == VERSION


def test_two_probes_end_before_the_watchdog_acts() -> None:
    unit = (ROOT / "systemd" / "smile-gate.service").read_text()
    [watchdog_s] = re.findall(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)
    assert float(watchdog_s) - 5.0 >= 2 * EdgeTpu().timeout_s


def test_a_probe_that_only_loads_the_firmware_is_repeated(coral: Coral) -> None:
    coral.plug(NO_FIRMWARE)
    coral.does("absent")

    def run_and_load_firmware(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        done = run(*arguments, **options)
        coral.plug(READY)
        coral.does("well")
        return done

    run, coral.edge_tpu.run = coral.edge_tpu.run, run_and_load_firmware
    assert coral.edge_tpu.probe() == VERSION
    assert coral.probes == 2


def test_the_program_that_install_sh_calls(library: Path, tmp_path: Path) -> None:
    def run(library: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "edge.model.edgetpu", library],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), **environment},
        )

    good = run(library)
    assert (good.returncode, good.stdout) == (0, f"{VERSION}\n")
    for failed in (run(library, FAKE_EDGE_TPU="absent"), run("libnot-here.so.1")):
        assert (failed.returncode, len(failed.stdout.splitlines()), failed.stderr) == (1, 1, "")
    assert run(library, FAKE_EDGE_TPU="crash").returncode == -11


def test_a_missing_tflite_runtime_is_named(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(str(library)) == 1
    assert capsys.readouterr().out.startswith("expected a TFLite runtime, got none; pip install")
