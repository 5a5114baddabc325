"""The contract of ``smile-gate run``."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.service.status_socket import ask
from tests.edge.cli.commands import command, records, signal_when_active
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("default_signals")


def events_of(smile_gate: Any, *arguments: str | Path) -> list[dict[str, Any]]:
    code, out, _ = smile_gate("run", "--events", "-", *arguments)
    assert code == 0
    return records(out)


def test_run_prints_events_on_stdout(smile_gate: Any, clip: Path) -> None:
    events = events_of(smile_gate, "--source", f"file:{clip}")
    assert {event["event"] for event in events} == {
        "face_found",
        "smile_on",
        "fired",
        "released",
        "smile_off",
    }
    assert all(isinstance(event["time"], float) for event in events)
    fired = next(event for event in events if event["event"] == "fired")
    assert fired["output"] == "shutter"
    assert fired["pin"] == 17


def test_run_appends_events_to_a_file_and_tells_people(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    done = subprocess.run(
        command("run", "--source", clip, "--events", path),
        check=True,
        capture_output=True,
        text=True,
    )
    err = done.stderr
    assert done.stdout == ""
    assert "fired" in {event["event"] for event in records(path.read_text())}
    assert "face 1 smiles" in err
    assert "shutter fired: GPIO 17 active" in err
    assert "shutter released: GPIO 17 safe after 0.2" in err
    assert "frames per second" in err


def test_run_takes_a_folder_of_images(smile_gate: Any, portraits: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(8):
        shutil.copy(portraits / "b-collins.jpg", folder / f"{index}.jpg")
    events = events_of(smile_gate, "--source", f"images:{folder}@5")
    assert [(e["event"], e["time"]) for e in events if e["event"] != "released"] == [
        ("face_found", 0.0),
        ("smile_on", 0.0),
        ("fired", 0.4),
    ]


def test_realtime_plays_at_the_clips_own_pace(
    smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.touch()
    arguments = ("run", "--config", config, "--source", f"images:{portraits}@2")
    started = time.monotonic()
    smile_gate(*arguments, "--realtime")
    assert time.monotonic() - started >= 0.5


def test_settings_come_from_the_file(
    smile_gate: Any, clip: Path, tmp_path: Path, pins: MockFactory
) -> None:
    config = tmp_path / "c.toml"
    config.write_text(
        f'[camera]\nsource = "{clip}"\n[trigger]\nhold_s = 0.8\n'
        '[outputs.photo]\nkind = "shutter"\npin = 22\npulse_s = 0.05\n'
    )
    events = events_of(smile_gate, "--config", config)
    by_name = {event["event"]: event for event in events}
    assert by_name["fired"]["time"] - by_name["smile_on"]["time"] == pytest.approx(0.8, abs=0.04)
    assert by_name["fired"]["output"] == "photo"
    pins.pin(22).assert_states([False, True, False])
    assert "GPIO17" not in {info.name for info in pins.pins}


def test_without_a_file_no_pin_of_this_machine_is_driven(
    smile_gate: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pins: MockFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY")
    monkeypatch.setattr("edge.settings.load.BOARD", tmp_path / "no-pi")
    caplog.set_level("INFO")
    assert smile_gate("run", "--source", "demo")[0] == 0
    assert caplog.messages[0] == "no output is configured: nothing will be fired"
    assert not list(pins.pins)


def test_the_service_s_file_is_taken_where_it_is_there(
    smile_gate: Any, monkeypatch: pytest.MonkeyPatch, config: Path, pins: MockFactory
) -> None:
    monkeypatch.setattr("edge.settings.load.INSTALLED", config)
    _, out, _ = smile_gate("run", "--events", "-")
    fired = {record["output"] for record in records(out) if record["event"] == "fired"}
    assert fired == {"photo", "low", "door", "pictures", "hook"}
    assert "fire b: expected the name of an output: photo, " in smile_gate("fire", "b")[2]
    assert smile_gate("config", "check")[1].startswith(f"{config}: good; ")
    assert pins.pin(22).states[-1].state is False


def test_a_gate_answers_where_it_is_told_to(
    smile_gate: Any, long_pulse: Path, pins: MockFactory, tmp_path: Path
) -> None:
    socket = tmp_path / "gate.sock"
    answers = []

    def ask_and_end() -> None:
        wait_until(lambda: bool(pins.pin(22).state), 20.0)
        answers.append(ask(socket))
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=ask_and_end)
    thread.start()
    run = ("run", "--config", long_pulse, "--source", "demo", "--realtime", "--socket", socket)
    assert smile_gate(*run)[0] == 0
    thread.join()
    assert answers[0]["firings"] == 1
    assert not socket.exists()


@pytest.mark.parametrize(
    ("commands", "managed", "code"),
    [
        (["false"], False, 1),
        (["false", "/nonexistent/program"], False, 1),
        (["false", "true"], False, 0),
        (["false"], True, 0),  # a service that is stopped has not failed
    ],
)
def test_a_run_whose_every_action_failed_ends_with_1_and_a_line(
    tmp_path: Path, commands: list[str], managed: bool, code: int
) -> None:
    manager = {"NOTIFY_SOCKET": str(tmp_path / "notify")} if managed else {}
    config = tmp_path / "c.toml"
    config.write_text(
        "\n".join(
            f"[outputs.web{number}]\nkind = 'command'\ncommand = ['{command}']"
            for number, command in enumerate(commands)
        )
    )
    call = command("run", "--source", "demo", "--config", config)
    done = subprocess.run(
        call, env={**os.environ, **manager}, stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == code
    all_failed = f"{len(commands)} of {len(commands)} failed: outputs.web"
    line = f"smile-gate: expected an action to succeed, got: {all_failed}"
    assert (line in done.stderr) == bool(code)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_run_with_the_pins_safe(
    smile_gate: Any, long_pulse: Path, pins: MockFactory, number: signal.Signals
) -> None:
    pin = pins.pin(22)
    started = time.monotonic()
    with signal_when_active(pin, number):
        code, _, _ = smile_gate("run", "--config", long_pulse, "--source", "demo", "--realtime")
    assert code == 0
    assert time.monotonic() - started < 8
    assert [state.state for state in pin.states][-2:] == [True, False]


def test_runs_with_standard_error_closed(clip: Path) -> None:
    call = command("run", "--source", clip, "--events", "-")
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *call], check=True, stdout=subprocess.PIPE
    )
    assert b'"fired"' in done.stdout


def test_an_event_reader_that_has_gone_does_not_end_the_run(clip: Path) -> None:
    call = command("run", "--source", clip, "--events", "-")
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        assert gone.stdout is not None
        assert gone.stderr is not None
        gone.stdout.close()
        err = gone.stderr.read().decode()
    assert gone.returncode == 0
    assert "--events -: writing ended: Broken pipe" in err
    assert "120 frames" in err
