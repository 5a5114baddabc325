"""Finding an Edge TPU and loading its library, here one of ours."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import EdgeTpuError
from edge.model import edgetpu
from edge.model.edgetpu import NEW, READY, main, open_delegate, plugged_in, try_apart
from tests.edge.model.fake_coral import Coral

VERSION = "BuildLabel(N/A), RuntimeVersion(14)"


@pytest.mark.parametrize("ids", [NEW, READY])
def test_is_seen_before_and_after_it_has_its_firmware(coral: Coral, ids: tuple[str, str]) -> None:
    coral.plug(ids=ids)
    assert plugged_in() == ids


def test_other_devices_and_none_at_all_are_none(coral: Coral, tmp_path: Path) -> None:
    coral.unplug()
    assert plugged_in() is None
    assert plugged_in(tmp_path / "no-usb-here") is None


def test_one_that_is_unplugged_while_it_is_looked_at(coral: Coral) -> None:
    (coral.devices / "2-1" / "idProduct").unlink()
    assert plugged_in() is None


def test_the_library_is_tried_and_tells_its_version(coral: Coral) -> None:
    assert try_apart() == VERSION
    coral.unplug()
    with pytest.raises(EdgeTpuError, match="expected an Edge TPU on USB, got none"):
        try_apart()


@pytest.mark.usefixtures("coral")
def test_a_delegate_is_opened() -> None:
    assert type(open_delegate()).__name__ == "Delegate"


@pytest.mark.parametrize("tried", [try_apart, open_delegate])
@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            "absent",
            "an Edge TPU on USB that answers, got none: another program uses it",
        ),
        ("crash", r"it to load, but it crashes \(signal 11\): it was built for another TensorFlow"),
    ],
)
def test_a_library_that_gives_none_or_crashes_is_an_error_here(
    coral: Coral, how: str, message: str, tried: object
) -> None:
    coral.does(how)
    with pytest.raises(EdgeTpuError, match=rf"libedgetpu\.so\.1: expected {message}"):
        tried()  # type: ignore[operator]


@pytest.mark.usefixtures("coral")
@pytest.mark.parametrize(
    ("library", "message"),
    [
        ("libnot-here.so.1", r"libnot-here\.so\.1: cannot open shared object file"),
        ("libm.so.6", r"libm\.so\.6: undefined symbol: edgetpu_version"),
        (__file__, r"test_edgetpu\.py: invalid ELF header"),
    ],
)
def test_what_is_not_the_library_is_named(library: str, message: str) -> None:
    with pytest.raises(EdgeTpuError, match=rf"^expected the Edge TPU's library, got: .*{message}"):
        open_delegate(library)


@pytest.mark.usefixtures("coral")
def test_a_library_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edgetpu, "TRY_S", 0.001)
    with pytest.raises(EdgeTpuError, match="to load within"):
        try_apart()


def test_what_this_process_uses_is_not_tried_in_another(coral: Coral) -> None:
    """It would not answer there."""
    delegate = open_delegate()
    coral.unplug()
    another = open_delegate()
    del delegate, another
    gc.collect()
    with pytest.raises(EdgeTpuError, match="on USB, got none"):
        open_delegate()


def test_a_try_that_failed_is_repeated_when_something_else_is_plugged_in(coral: Coral) -> None:
    coral.does("absent")
    with pytest.raises(EdgeTpuError, match="that answers, got none"):
        try_apart()
    coral.does("well")
    with pytest.raises(EdgeTpuError, match="that answers, got none"):
        try_apart()
    coral.plug(ids=NEW)
    assert try_apart() == VERSION


def test_a_try_that_failed_is_repeated_once_it_was_pulled_out(coral: Coral) -> None:
    coral.does("absent")
    with pytest.raises(EdgeTpuError, match="that answers, got none"):
        try_apart()
    coral.does("well")
    coral.unplug()
    with pytest.raises(EdgeTpuError, match="on USB, got none"):
        try_apart()
    coral.plug()
    assert try_apart() == VERSION


def test_two_tries_end_before_the_watchdog_would() -> None:
    unit = (Path(edgetpu.__file__).parents[2] / "systemd" / "smile-gate.service").read_text()
    [watchdog_s] = re.findall(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)
    assert float(watchdog_s) - 5.0 >= 2 * edgetpu.TRY_S


def test_one_that_got_its_firmware_in_the_try_is_tried_again(
    coral: Coral, monkeypatch: pytest.MonkeyPatch
) -> None:
    coral.plug(ids=NEW)
    coral.does("absent")
    run = subprocess.run
    tries = []

    def run_and_load_firmware(*arguments: object, **options: object) -> object:
        tries.append(coral.devices)
        done = run(*arguments, **options)  # type: ignore[call-overload]
        coral.plug(ids=READY)
        coral.does("well")
        return done

    monkeypatch.setattr(subprocess, "run", run_and_load_firmware)
    assert try_apart() == VERSION
    assert len(tries) == 2


def test_the_program_that_install_sh_calls(library: Path, tmp_path: Path) -> None:
    call = [sys.executable, "-P", "-m", "edge.model.edgetpu"]

    def done(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        root = str(Path(edgetpu.__file__).parents[2])
        return subprocess.run(
            [*call, *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={"PYTHONPATH": root, **environment},
        )

    good = done(library)
    assert (good.returncode, good.stdout) == (0, f"{VERSION}\n")
    absent = done(library, STAND_IN="absent")
    assert (absent.returncode, len(absent.stdout.splitlines()), absent.stderr) == (1, 1, "")
    assert done(library, STAND_IN="crash").returncode == -11
    missing = done("libnot-here.so.1")
    assert (missing.returncode, len(missing.stdout.splitlines()), missing.stderr) == (1, 1, "")


def test_without_a_runtime_it_says_so(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ai_edge_litert", "tflite_runtime"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(str(library)) == 1
    assert capsys.readouterr().out.startswith("expected a TFLite runtime, got none; pip install")
