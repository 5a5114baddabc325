from __future__ import annotations

from gpiozero import Device

from benchmarks.simulate.pins import ForgetfulPin, mock_pins


def test_a_forgetful_pin_works_and_keeps_no_history() -> None:
    with mock_pins(ForgetfulPin):
        pin = Device.pin_factory.pin("GPIO17")
        pin.function = "output"
        for level in (1, 0, 1):
            pin.state = level
        assert pin.state
        assert len(pin.states) == 1
    assert Device.pin_factory is None
