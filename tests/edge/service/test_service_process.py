"""The service as a program of its own, with real signals."""

from __future__ import annotations

import os
import re
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
from tests.edge.service.running_service import CONFIG, Manager, put, start_program
from tests.waiting import wait_until


class Program:
    """A running ``smile-gate run`` under a service manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.camera, self.config = folder / "camera", folder / "c.toml"
        self.manager = Manager(folder)
        self.process: subprocess.Popen[str] | None = None

    def start(self, shown: str, text: str = CONFIG) -> subprocess.Popen[str]:
        if shown:
            put(self.camera, shown)
        put(self.config, text.format(camera=self.camera))
        environment = {**self.manager.environment, "RUNTIME_DIRECTORY": f"{self.folder}:/other"}
        self.process = start_program(self.folder, "--config", self.config, **environment)
        return self.process

    def wait_ready(self, count: int = 1) -> None:
        wait_until(lambda: self.manager.count("READY=1") >= count, 30.0)

    def end(self) -> str:
        """End the process, if it has not ended; return its standard error."""
        assert self.process is not None
        self.process.terminate()
        stderr = self.process.communicate(timeout=20)[1]
        self.manager.close()
        return stderr

    @property
    def pins(self) -> list[str]:
        return (self.folder / "pins").read_text().splitlines()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    if program.process is not None and program.process.poll() is None:
        program.process.kill()
        program.process.communicate()
    program.manager.close()


LONG = CONFIG.replace("pulse_s = 0.05", "pulse_s = 9").replace("hold_s", "cooldown_s = 9\nhold_s")


def test_a_storm_of_reloads_is_survived_and_the_end_is_clean(gate: Program) -> None:
    process = gate.start("plain")
    gate.wait_ready()
    socket = gate.folder / "status.sock"
    resources = Path(f"/proc/{process.pid}/task"), Path(f"/proc/{process.pid}/fd")
    before = [len(list(folder.iterdir())) for folder in resources]
    for reloads in range(1, 11):
        for _ in range(30):
            process.send_signal(signal.SIGUSR1)
        wait_until(lambda: gate.manager.count("RELOADING=1") >= reloads)  # noqa: B023  (waits here)
    put(gate.config, "nonsense")
    frames = ask(socket)["frames"]
    wait_until(lambda: ask(socket)["frames"] > frames + 5)
    wait_until(lambda: not gate.manager.messages[-1].startswith("RELOADING"))
    wait_until(lambda: [len(list(folder.iterdir())) for folder in resources] == before)
    stderr = gate.end()
    assert process.returncode == 0
    assert "reloaded" in stderr
    assert gate.manager.messages[-1] == "STOPPING=1"
    assert not socket.exists()


@pytest.mark.parametrize("text", ["nonsense", "[outputs.other]\nkind = 'shutter'\npin = 5"])
def test_after_a_kill_what_was_driven_is_made_safe_whatever_the_settings_say(
    gate: Program, smile_gate: Any, monkeypatch: pytest.MonkeyPatch, pins: MockFactory, text: str
) -> None:
    process = gate.start("smile", LONG.replace("pin = 17", "pin = 22"))
    gate.wait_ready()
    put(gate.config, LONG.format(camera=gate.camera))
    process.send_signal(signal.SIGUSR1)
    wait_until(lambda: (gate.folder / "pins").exists() and "GPIO17 1" in gate.pins, 30.0)
    process.kill()
    process.communicate()
    put(gate.config, text)
    active = pins.pin(17)
    active.function = "output"
    active.state = True
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(gate.folder))
    assert smile_gate("safe", "--config", gate.config) == (0, "photo: safe\n", "")
    assert not active.state


@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.02, 0.05])
def test_an_end_during_a_reload_leaves_the_pins_safe(gate: Program, after_s: float) -> None:
    process = gate.start("smile", LONG)
    wait_until(lambda: (gate.folder / "pins").exists() and "GPIO17 1" in gate.pins, 30.0)
    put(gate.config, LONG.format(camera=gate.camera).replace("pin = 17", "pin = 22"))
    process.send_signal(signal.SIGUSR1)
    time.sleep(after_s)
    gate.end()
    assert process.returncode == 0
    assert gate.pins[:2] == ["GPIO17 1", "GPIO17 0"]
    assert len(gate.pins) in {2, 4}
    assert gate.pins[2:] in ([], ["GPIO22 1", "GPIO22 0"])


def test_without_a_manager_a_missing_camera_is_exit_code_2(tmp_path: Path) -> None:
    put(tmp_path / "c.toml", CONFIG.format(camera=tmp_path / "camera"))
    process = start_program(tmp_path, "--config", tmp_path / "c.toml", NOTIFY_SOCKET="")
    stderr = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert stderr == f"smile-gate: v4l2:{tmp_path}/camera: unplugged\n"


@pytest.mark.parametrize(
    ("change", "code", "expected"),
    [
        (("hold_s", "holds"), 2, "trigger.holds: expected a key among"),
        (("[trigger]", '[model]\nbundle = "/nowhere"\n[trigger]'), 2, "/nowhere"),
        (("[trigger]", "[trigger"), 2, "expected TOML"),
        (('"v4l2:{camera}"', '"{camera}.mp4"'), 1, "camera.mp4"),
        (("[outputs", "[outputs.b]\nkind = 'indicator'\nled_pin = 5\n[outputs"), 1, "GPIO 5"),
    ],
)
def test_a_manager_is_told_whether_another_start_may_help(
    gate: Program, change: tuple[str, str], code: int, expected: str
) -> None:
    """An indicator can't have its pin: these mock pins can't be dimmed."""
    process = gate.start("plain", CONFIG.replace(*change))
    stderr = process.communicate(timeout=30)[1]
    assert process.returncode == code
    assert expected in stderr
    assert len(stderr.splitlines()) == 1


WITHOUT_DESCRIPTORS = """
import os, resource, sys
from edge.cli import __main__ as cli
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
    assert process.returncode == 0


LEAKS = """
import sys
from tests.edge.service import running_service
sys.exit(running_service.main(memory_mb=1.0))
"""


def test_a_gate_that_holds_too_much_ends_to_be_started_again(gate: Program) -> None:
    put(gate.camera, "plain")
    put(gate.config, CONFIG.format(camera=gate.camera))
    done = subprocess.run(
        [sys.executable, "-c", LEAKS, gate.folder / "pins", "run", "--config", gate.config],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **gate.manager.environment},
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"smile-gate: expected to hold at most 1 MB of memory, got \d+ MB", last)
    assert gate.manager.messages[-1] == "STOPPING=1"


def test_with_a_manager_it_waits_and_says_so_once(gate: Program) -> None:
    process = gate.start("")
    wait_until(lambda: gate.manager.count("EXTEND_TIMEOUT_USEC=30000000") >= 3, 30.0)
    assert gate.manager.count("READY=1") == 0
    put(gate.camera, "plain")
    gate.wait_ready()
    stderr = gate.end()
    assert process.returncode == 0
    assert stderr.count("unplugged") == 1


def test_a_second_gate_at_the_same_socket_is_refused(gate: Program) -> None:
    gate.start("plain")
    gate.wait_ready()
    second = start_program(
        gate.folder, "--config", gate.config, RUNTIME_DIRECTORY=str(gate.folder), NOTIFY_SOCKET=""
    )
    stderr = second.communicate(timeout=30)[1]
    assert second.returncode == 2
    assert stderr.splitlines()[-1].endswith(
        "expected nobody there, got another smile-gate that runs"
    )
    assert ask(gate.folder / "status.sock")["fps"] > 0


def test_nothing_is_written_to_the_card_in_steady_state(gate: Program) -> None:
    """Standard error, a pipe to the journal, gets nothing either: the journal would be written."""
    process = gate.start("smile")
    wait_until(lambda: (gate.folder / "pins").exists() and len(gate.pins) == 2, 30.0)

    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in gate.folder.rglob("*")}

    def written() -> list[str]:
        counters = Path(f"/proc/{process.pid}/io").read_text().splitlines()
        return [line for line in counters if line.startswith(("write_bytes", "cancelled"))]

    wait_until(lambda: ask(gate.folder / "status.sock")["fps"] > 0)
    before = files(), written()
    frames = ask(gate.folder / "status.sock")["frames"]
    wait_until(lambda: ask(gate.folder / "status.sock")["frames"] > frames + 30)
    assert (files(), written()) == before
    stderr = gate.end()
    assert len(stderr.splitlines()) < 12
