"""Status requests over a real socket."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.errors import StatusError
from edge.service.status_socket import StatusServer, ask
from tests.waiting import wait_until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "status.sock"


@pytest.fixture
def server(path: Path) -> Iterator[StatusServer]:
    with closing(StatusServer(path, lambda: {"fps": 30.0})) as server:
        yield server


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5.0)
    client.connect(str(path))
    return client


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_group_of_the_socket_may_use_it_and_nobody_else(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with closing(StatusServer(path, dict)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            assert os.umask(mask) == mask
    finally:
        os.umask(before)


@pytest.mark.usefixtures("server")
def test_answers_several_at_once_with_one_line_whether_they_read_it_or_not(path: Path) -> None:
    clients = [connected(path) for _ in range(8)]
    assert ask(path) == {"fps": 30.0}
    for client in clients:
        with client, client.makefile() as answer:
            assert answer.read() == '{"fps": 30.0}\n'


def test_a_request_is_done_before_the_answer_and_another_is_refused(path: Path) -> None:
    done: list[str] = []
    with closing(StatusServer(path, lambda: {"done": done}, {"arm": lambda: done.append("arm")})):
        assert ask(path, "arm") == {"done": ["arm"]}
        assert ask(path) == {"done": ["arm"]}
        with pytest.raises(StatusError, match=r"expected one of status, arm, got 'open it'"):
            ask(path, "open it")
        assert ask(path) == {"done": ["arm"]}


def test_a_socket_left_behind_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with closing(StatusServer(path, lambda: {"fps": 1})):
        assert ask(path) == {"fps": 1}


@pytest.mark.usefixtures("server")
def test_another_that_runs_is_left_alone(path: Path) -> None:
    with pytest.raises(StatusError) as refused:
        StatusServer(path, dict)
    assert str(refused.value) == f"{path}: expected nobody there, got another smile-gate that runs"
    assert ask(path) == {"fps": 30.0}


def test_what_is_no_socket_is_left_alone(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(StatusError, match=r"expected to listen there, got: .*in use"):
        StatusServer(path, dict)
    assert path.read_text() == "mine"


def test_a_report_that_fails_or_a_client_that_leaves_does_not_end_it(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reports: list[Any] = [object(), {"big": "x" * 10_000_000}, {"fps": 2}]
    with closing(StatusServer(path, lambda: reports.pop(0))):
        with pytest.raises(StatusError):
            ask(path)
        connected(path).close()
        assert ask(path) == {"fps": 2}
    assert "not JSON serializable" in caplog.text


def test_closes_for_good_and_leaves_what_came_after_it(path: Path) -> None:
    server = StatusServer(path, dict)
    server.close()
    assert not path.exists()
    wait_until(lambda: "status" not in {thread.name for thread in threading.enumerate()})
    with closing(StatusServer(path, lambda: {"fps": 3})):
        server.close()
        assert ask(path) == {"fps": 3}


@pytest.mark.parametrize("answer", [b"", b"no JSON\n", b"3\n", json.dumps([1]).encode()])
def test_an_invalid_answer_is_one_error(path: Path, answer: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()

        def send() -> None:
            client, _ = other.accept()
            with client:
                client.sendall(answer)

        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(StatusError, match="expected a running smile-gate, got"):
            ask(path)
        thread.join()


# The verb


def test_the_verb_in_words_and_json(smile_gate: Any, path: Path) -> None:
    report = {"fps": 30.0, "frame_ms": 0.0, "camera_lost": "", "faces": [], "last_s_ago": None}
    words = "fps: 30.0\nframe ms: 0.0\ncamera lost: -\nfaces: -\nlast s ago: -\n"
    with closing(StatusServer(path, lambda: report)):
        assert smile_gate("status", "--socket", path) == (0, words, "")
        code, out, _ = smile_gate("status", "--socket", path, "--json")
    assert (code, json.loads(out)) == (0, report)


def test_the_verb_without_a_gate_is_one_line(smile_gate: Any, path: Path) -> None:
    code, out, err = smile_gate("status", "--socket", path)
    assert (code, out) == (2, "")
    assert err.startswith(f"smile-gate: {path}: expected a running smile-gate, got: [Errno 2] No s")
