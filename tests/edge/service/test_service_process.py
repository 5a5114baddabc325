"""The service as a program of its own, with real signals."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from edge.service.status_socket import ask
from tests.edge.service import running_service
from tests.edge.service.running_service import LONG_PULSE, PIN_22, Change, Gate, put
from tests.waiting import wait_until


class Program(Gate):
    """``smile-gate run`` under a service manager, with a file that logs what its pins do."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.socket = folder / "status.sock"
        self.process: subprocess.Popen[str] | None = None

    def start(self, shown: str, *changes: Change) -> subprocess.Popen[str]:
        self.configure(*changes)
        put(self.camera, shown)
        pins = self.folder / "pins"
        pins.touch()
        environment = {**self.manager.environment, "RUNTIME_DIRECTORY": f"{self.folder}:/other"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", running_service.__name__, pins, "run", "--config", self.config],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def end(self) -> str:
        """End the process; return its standard error."""
        assert self.process is not None
        self.process.terminate()
        stderr = self.process.communicate(timeout=20)[1]
        self.manager.close()
        assert self.process.returncode == 0
        return stderr

    @property
    def pins(self) -> list[str]:
        return (self.folder / "pins").read_text().splitlines()

    def wait_for_level(self, level: str) -> None:
        wait_until(lambda: level in self.pins, 30.0)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    assert program.process is not None
    with program.process as process:
        process.kill()
    program.manager.close()


def test_a_storm_of_reloads_is_survived_and_the_end_is_clean(gate: Program) -> None:
    process = gate.start("plain")
    gate.wait_ready()
    resources = Path(f"/proc/{process.pid}/task"), Path(f"/proc/{process.pid}/fd")
    before = [len(list(folder.iterdir())) for folder in resources]
    for reloads in range(1, 11):
        for _ in range(30):
            process.send_signal(signal.SIGUSR1)
        wait_until(lambda: gate.manager.count("RELOADING=1") >= reloads)  # noqa: B023  (waits here)
    put(gate.config, "nonsense")
    frames = ask(gate.socket)["frames"]
    wait_until(lambda: ask(gate.socket)["frames"] > frames + 5)
    wait_until(lambda: not gate.manager.messages[-1].startswith("RELOADING"))
    wait_until(lambda: [len(list(folder.iterdir())) for folder in resources] == before)
    assert "reloaded" in gate.end()
    assert gate.manager.messages[-1] == "STOPPING=1"
    assert not gate.socket.exists()


@pytest.mark.parametrize("text", ["nonsense", "[outputs.other]\nkind = 'shutter'\npin = 5"])
def test_after_a_kill_what_was_driven_is_made_safe_whatever_the_settings_say(
    gate: Program, smile_gate: Any, monkeypatch: pytest.MonkeyPatch, pins: MockFactory, text: str
) -> None:
    process = gate.start("plain", *LONG_PULSE, PIN_22)
    gate.wait_ready()
    gate.configure(*LONG_PULSE)
    process.send_signal(signal.SIGUSR1)
    wait_until(lambda: gate.manager.count("RELOADING=1") == 1)
    put(gate.camera, "smile")
    gate.wait_for_level("GPIO17 1")
    process.kill()
    process.communicate()
    put(gate.config, text)
    active = pins.pin(17)
    active.function = "output"
    active.state = True
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(gate.folder))
    assert smile_gate("safe", "--config", gate.config) == (0, "photo: safe\n", "")
    assert not active.state


def test_a_second_gate_is_refused_before_it_notes_or_opens_anything(gate: Program) -> None:
    gate.start("plain")
    gate.wait_ready()
    note = (gate.folder / "outputs.json").read_bytes()
    pins = gate.folder / "second-pins"
    gate.configure(PIN_22)
    second = subprocess.run(
        [sys.executable, "-m", running_service.__name__, pins, "run", "--config", gate.config],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "RUNTIME_DIRECTORY": str(gate.folder)},
    )
    assert (gate.folder / "outputs.json").read_bytes() == note
    assert not pins.exists()
    expected = f"{gate.folder}: expected no other smile-gate there, got one that runs"
    assert (second.returncode, second.stderr) == (2, f"smile-gate: {expected}\n")
    assert ask(gate.socket)["frames"] > 0


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.02, 0.05])
def test_an_end_during_a_reload_leaves_the_pins_safe(gate: Program, after_s: float) -> None:
    process = gate.start("smile", *LONG_PULSE)
    gate.wait_for_level("GPIO17 1")
    gate.configure(*LONG_PULSE, PIN_22)
    process.send_signal(signal.SIGUSR1)
    time.sleep(after_s)
    gate.end()
    assert gate.pins[:2] == ["GPIO17 1", "GPIO17 0"]
    assert gate.pins[2:] in ([], ["GPIO22 1", "GPIO22 0"])


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        (("hold_s", "holds"), 2, "trigger.holds: expected a key among"),
        (("[trigger]", '[model]\nbundle = "/nowhere"\n[trigger]'), 2, "/nowhere"),
        (("[trigger]", "[trigger"), 2, "expected TOML"),
        (("v4l2:", "file:/nowhere"), 1, "/nowhere"),
        (("[outputs", "[outputs.b]\nkind = 'indicator'\nled_pin = 5\n[outputs"), 1, "GPIO 5"),
    ],
)
def test_a_manager_is_told_whether_another_start_may_help(
    gate: Program, change: Change, code: int, expected: str
) -> None:
    """An indicator can't have its pin: these mock pins can't be dimmed."""
    process = gate.start("plain", change)
    stderr = process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert expected in stderr
    assert len(stderr.splitlines()) == 1


WITHOUT_DESCRIPTORS = """
import os, resource, sys
from edge.cli import __main__ as cli, command
count = len(os.listdir("/proc/self/fd"))  # one more than are open now
resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(("managed", "code"), [("", 2), ("/nowhere", 1)])
def test_no_descriptor_left_at_the_start_is_no_end_for_good(managed: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS, "run", "--source", "demo"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "NOTIFY_SOCKET": managed},
    )
    assert done.returncode == code
    assert done.stderr == "smile-gate: [Errno 24] Too many open files\n"


def test_no_descriptor_left_refuses_a_reload_and_no_more(gate: Program) -> None:
    process = gate.start("plain")
    gate.wait_ready()
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (1, 1))
    process.send_signal(signal.SIGUSR1)
    assert process.stderr is not None
    while "not reloaded, it goes on as before: " not in process.stderr.readline():
        assert process.poll() is None
    gate.end()


def test_nothing_is_written_to_the_card_in_steady_state(gate: Program) -> None:
    """Standard error, a pipe to the journal, gets nothing either: the journal would be written."""
    process = gate.start("smile")
    gate.wait_for_level("GPIO17 0")

    def written() -> list[object]:
        files = [(path, path.stat().st_mtime_ns) for path in sorted(gate.folder.rglob("*"))]
        counters = Path(f"/proc/{process.pid}/io").read_text().splitlines()
        return [files, [line for line in counters if line.startswith(("write_bytes", "cancelled"))]]

    wait_until(lambda: ask(gate.socket)["fps"] > 0)
    before = written()
    frames = ask(gate.socket)["frames"]
    wait_until(lambda: ask(gate.socket)["frames"] > frames + 30)
    assert written() == before
    assert len(gate.end().splitlines()) < 12
