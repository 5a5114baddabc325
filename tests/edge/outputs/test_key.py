"""The key output: without the kernel's device all but the device, with it the device as well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.errors import MissingPackageError, OutputError
from edge.outputs.group import Outputs
from edge.outputs.key import Key, UinputKeyboard
from edge.outputs.output import Firing
from edge.settings import KeySettings
from edge.settings.outputs import KEYS
from edge.values import Decision
from tests.conftest import lasted
from tests.edge.outputs.harness import (
    CALM,
    FIRE,
    SMILES,
    EventLog,
    Opened,
    fire_and_close,
    fire_until_idle,
)
from tests.waiting import holds, wait_until

UINPUT = Path("/dev/uinput")
needs_uinput = pytest.mark.skipif(
    not os.access(UINPUT, os.W_OK), reason="needs /dev/uinput, which this kernel has not"
)


class Presses(list[float]):
    """A keyboard that keeps the lengths of its finished presses."""

    def __init__(self) -> None:
        self.down_since: float | None = None
        self.broken = False
        self.closed = False

    def open(self, output: str, key: str) -> Presses:
        assert (output, key) == ("nod", "f13")
        return self

    @property
    def down(self) -> bool:
        return self.down_since is not None

    def move_key(self, *, down: bool) -> None:
        if self.broken or self.closed:
            raise OSError("no such device")
        if down:
            self.down_since = time.monotonic()
        elif self.down_since is not None:
            self.append(time.monotonic() - self.down_since)
            self.down_since = None

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Presses:
    monkeypatch.setattr(Key, "NOTICED_S", 0.0)
    return Presses()


@pytest.fixture
def press(opened: Opened, keyboard: Presses) -> Callable[..., Outputs]:
    """Opens an output that presses the keyboard's key."""

    def open_key(**settings: Any) -> Outputs:
        given = {"tap_s": 0.02, "ignore_repeat_s": 0.0, **settings}
        return opened(
            {"nod": KeySettings(key="f13", **given)},
            open_output=partial(Key, open_keyboard=keyboard.open),
        )

    return open_key


def test_a_smile_taps_the_key_once(
    press: Callable[..., Outputs], keyboard: Presses, events: EventLog
) -> None:
    outputs = press(tap_s=0.05)
    fired = outputs.step(FIRE)
    outputs.step(SMILES)
    wait_until(lambda: outputs.idle)
    assert [event.facts for event in fired] == [{"output": "nod", "face": 1}]
    assert events.names == ["released"]
    assert len(keyboard) == 1
    assert lasted(keyboard[0], 0.05)
    length_s = float(events[0].facts["length_s"])
    assert lasted(length_s, 0.05)
    assert length_s == round(length_s, 4)


def test_the_key_is_held_until_the_smile_ends(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    outputs = press(press="hold")
    outputs.step(FIRE)
    wait_until(lambda: keyboard.down)
    assert holds(lambda: keyboard.down, 0.15)
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    assert len(keyboard) == 1
    assert lasted(keyboard[0], 0.15)


def test_no_press_lasts_longer_than_its_limit(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    outputs = press(press="hold", max_hold_s=0.5)
    outputs.step(FIRE)
    wait_until(lambda: outputs.idle)
    assert lasted(keyboard[0], 0.5)


def test_a_hold_is_at_least_as_long_as_a_tap(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    fire_until_idle(press(press="hold", tap_s=0.1))
    assert lasted(keyboard[0], 0.1)


def test_a_hold_does_not_depend_on_how_soon_the_decision_follows_the_firing(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    outputs = press(press="hold")
    outputs.opened[0].fire(Firing(12.5, 1, None, time.monotonic()))
    wait_until(lambda: keyboard.down)
    assert holds(lambda: keyboard.down, 0.1)


@pytest.mark.parametrize(
    "end",
    [
        Outputs.stop,
        Outputs.close,
        Outputs.end_smiles,
        lambda outputs: outputs.camera_lost("it was pulled out"),
        lambda outputs: outputs.step(Decision(13.0, smiling=True, too_many=True)),
        lambda outputs: outputs.watch(0.1),  # and no frame comes
    ],
)
def test_the_key_is_released_on_every_way_out(
    press: Callable[..., Outputs], keyboard: Presses, end: Callable[[Outputs], object]
) -> None:
    outputs = press(press="hold", max_hold_s=60)
    outputs.watch(60.0)
    outputs.step(FIRE)
    wait_until(lambda: keyboard.down)
    end(outputs)
    wait_until(lambda: not keyboard.down, 0.5)
    outputs.step(SMILES)
    assert holds(lambda: not keyboard.down, 0.05)


def test_a_repeat_is_ignored(press: Callable[..., Outputs], keyboard: Presses) -> None:
    outputs = press(ignore_repeat_s=0.3)
    fire_until_idle(outputs)
    released = time.monotonic()
    assert outputs.step(FIRE) == []
    wait_until(lambda: time.monotonic() - released > 0.3)
    assert len(fire_until_idle(outputs)) == 1
    assert len(keyboard) == 2


def test_a_firing_during_a_press_is_dropped(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    outputs = press(press="hold")
    outputs.step(FIRE)
    assert outputs.step(FIRE) == []
    outputs.step(CALM)
    wait_until(lambda: outputs.idle)
    assert len(keyboard) == 1


def test_the_first_press_waits_until_a_desktop_knows_the_keyboard(
    press: Callable[..., Outputs], keyboard: Presses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Key, "NOTICED_S", 0.2)
    opened_at = time.monotonic()
    outputs = press()
    for _ in range(2):
        outputs.step(FIRE)
        wait_until(lambda: keyboard.down)
        waited = time.monotonic() - opened_at
        assert waited >= 0.2
        wait_until(lambda: outputs.idle)
    assert waited < 0.4 + 0.3


def test_a_keyboard_that_fails_is_a_fault_until_it_works(
    press: Callable[..., Outputs], keyboard: Presses, events: EventLog
) -> None:
    outputs = press()
    keyboard.broken = True
    fire_until_idle(outputs)
    assert events.reasons[0].startswith("outputs.nod: expected it to work, got: OSError('no such")
    with pytest.raises(OutputError, match=r"outputs\.nod: .* safe level, got: no such device"):
        outputs.stop()
    keyboard.broken = False


def test_a_closed_output_can_be_closed_again(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    (nod,) = press().opened
    nod.close()
    nod.close()
    assert keyboard.closed


def test_a_hold_goes_on_if_the_smile_comes_back_during_the_tap(
    press: Callable[..., Outputs], keyboard: Presses
) -> None:
    outputs = press(press="hold", tap_s=0.3)
    for decision in (FIRE, CALM, SMILES):
        outputs.step(decision)
    wait_until(lambda: keyboard.down)
    assert holds(lambda: keyboard.down, 0.4)


def test_without_evdev_it_says_what_brings_it(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "evdev", None)
    expected = r"outputs\.nod: .*python3-evdev.*install\.sh"
    with pytest.raises(MissingPackageError, match=expected) as caught:
        opened({"nod": KeySettings(key="a")})
    assert caught.value.name == "evdev"


@pytest.mark.skipif(UINPUT.exists(), reason="this kernel has /dev/uinput")
def test_without_the_device_it_says_what_brings_it() -> None:
    pytest.importorskip("evdev", reason="needs python-evdev")
    expected = r'outputs\.nod: .* got: "/dev/uinput" .*install\.sh'
    with pytest.raises(OutputError, match=expected) as caught:
        UinputKeyboard("nod", "a")
    assert caught.value.output == "nod"


def test_the_kernel_is_asked_for_the_key_alone_and_told_how_it_moves(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    evdev = pytest.importorskip("evdev", reason="needs python-evdev")
    told: list[object] = []

    class Kernel:
        """In place of evdev.UInput, which needs /dev/uinput."""

        def __init__(self, events: object, name: str) -> None:
            self._find_device()
            told.append((events, name))

        def _find_device(self) -> None:
            told.append("looked for the new keyboard")

        def write(self, *event: object) -> None:
            told.append(event)

        def syn(self) -> None:
            told.append("syn")

        def close(self) -> None:
            told.append("closed")

    monkeypatch.setattr(evdev, "UInput", Kernel)
    monkeypatch.setattr(Key, "NOTICED_S", 0.0)
    name = "n" * 80  # the kernel takes 79 characters
    fire_and_close(opened({name: KeySettings(key="f13", tap_s=0.02)}))
    keys, f13 = evdev.ecodes.EV_KEY, evdev.ecodes.KEY_F13
    down, up = (keys, f13, 1), (keys, f13, 0)
    assert told[:5] == [({keys: [f13]}, f"smile-gate {'n' * 68}"), down, "syn", up, "syn"]
    assert set(told[5:-1]) == {up, "syn"}  # stopping and closing make safe once more
    assert told[-1] == "closed"


def test_evdev_knows_every_key() -> None:
    evdev = pytest.importorskip("evdev", reason="needs python-evdev")
    assert {f"KEY_{key.upper()}" for key in KEYS} <= evdev.ecodes.ecodes.keys()


# On the kernel's device: what another program on this machine receives.

HOLD = """
import time
from edge.outputs.faults import Faults
from edge.outputs.key import Key
from edge.outputs.output import Firing
from edge.settings import KeySettings

listen = lambda event: None
faults = Faults(listen, listen, time.monotonic)
key = Key("kill test", KeySettings(key="f24", press="hold", max_hold_s=60), listen, faults)
key.fire(Firing(0.0, 1, None, time.monotonic()))
time.sleep(60)
"""


def reader(name: str) -> Any:
    """Wait for the keyboard of an output, and open it as another program would."""
    evdev = pytest.importorskip("evdev", reason="needs python-evdev")
    found: list[Any] = []

    def find() -> bool:
        devices = map(evdev.InputDevice, evdev.list_devices())
        found.extend(device for device in devices if device.name == f"smile-gate {name}")
        return bool(found)

    wait_until(find, 20.0)
    return found[0]


@pytest.fixture
def held_elsewhere() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds its key."""
    with subprocess.Popen([sys.executable, "-c", HOLD]) as process:
        yield process
        process.kill()


@needs_uinput
def test_another_program_receives_the_key_and_no_other(opened: Opened) -> None:
    outputs = opened({"nod": KeySettings(key="f13", ignore_repeat_s=0)})
    received = reader("nod")
    ecodes = pytest.importorskip("evdev").ecodes
    assert received.capabilities()[ecodes.EV_KEY] == [ecodes.KEY_F13]
    fire_until_idle(outputs)
    events = [event for event in received.read() if event.type == ecodes.EV_KEY]
    assert [(event.code, event.value) for event in events] == [
        (ecodes.KEY_F13, 1),
        (ecodes.KEY_F13, 0),
    ]
    assert lasted(events[1].timestamp() - events[0].timestamp(), 0.1)


@needs_uinput
def test_a_closed_output_has_no_keyboard(opened: Opened) -> None:
    outputs = opened({"nod": KeySettings(key="f13", press="hold")})
    received = reader("nod")
    outputs.step(FIRE)
    wait_until(lambda: bool(received.active_keys()))
    outputs.stop()
    assert not received.active_keys()
    outputs.close()
    assert not Path("/sys/class/input", Path(received.path).name).exists()


@needs_uinput
def test_the_kernel_releases_the_key_of_a_killed_process(
    held_elsewhere: subprocess.Popen[bytes],
) -> None:
    received = reader("kill test")
    wait_until(lambda: bool(received.active_keys()), 20.0)
    held_elsewhere.send_signal(signal.SIGKILL)
    held_elsewhere.wait()
    wait_until(lambda: not Path("/sys/class/input", Path(received.path).name).exists(), 1.0)
    with pytest.raises(OSError, match="No such device"):
        received.read_one()
