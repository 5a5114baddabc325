"""What a service manager's real socket receives."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge.service.sd_notify import Notifier
from tests.edge.clock import Clock


class Manager:
    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        shown = f"@{address[1:]}" if address.startswith("\0") else address
        self.environment = {"NOTIFY_SOCKET": shown}

    def received(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return messages


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    path = str(tmp_path / "notify")
    manager = Manager(path if request.param == "path" else f"\0{path}")
    yield manager
    manager.socket.close()


def test_messages_are_those_of_sd_notify(manager: Manager) -> None:
    notifier = Notifier(manager.environment)
    assert notifier.managed
    before = time.monotonic_ns() // 1000
    notifier.ready()
    notifier.reloading()
    notifier.status("two\nlines")
    notifier.stopping()
    ready, reloading, status, stopping = manager.received()
    assert (ready, status, stopping) == ("READY=1", "STATUS=two lines", "STOPPING=1")
    first, usec = reloading.split("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert before <= int(usec) <= time.monotonic_ns() // 1000


def test_feeds_the_watchdog_four_times_in_its_time(manager: Manager) -> None:
    clock = Clock()
    notifier = Notifier({**manager.environment, "WATCHDOG_USEC": "8000000"}, clock)
    fed = []
    for _ in range(9):
        notifier.feed_watchdog()
        fed.append(len(manager.received()))
        clock.advance(1.0)
    assert fed == [1, 0, 1, 0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "600000000"}])
def test_asks_for_more_time_to_start_before_the_last_is_over(
    manager: Manager, watchdog: dict[str, str]
) -> None:
    clock = Clock()
    notifier = Notifier({**manager.environment, **watchdog}, clock)
    notifier.feed_watchdog()
    assert manager.received() == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"]
    clock.advance(8.0)
    notifier.feed_watchdog()
    assert len(manager.received()) == 1


def test_is_silent_without_a_manager(manager: Manager) -> None:
    notifier = Notifier({})
    assert not notifier.managed
    notifier.ready()
    notifier.feed_watchdog()
    assert manager.received() == []


def test_a_manager_that_has_gone_or_does_not_read_holds_nobody(manager: Manager) -> None:
    notifier = Notifier(manager.environment)
    manager.socket.setblocking(True)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            sender.sendto(b"x" * 1000, manager.socket.getsockname())
    sender.close()
    started = time.monotonic()
    notifier.ready()
    assert time.monotonic() - started < 3.0
    manager.socket.close()
    notifier.ready()
