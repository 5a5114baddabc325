"""What a service manager's real socket receives."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from edge.service.sd_notify import Notifier
from tests.edge.clock import Clock
from tests.edge.service.running_service import Manager


@pytest.fixture(params=["", "\0"], ids=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    with closing(Manager(f"{request.param}{tmp_path}/notify")) as manager:
        yield manager


def test_messages_are_those_of_sd_notify(manager: Manager) -> None:
    notifier = Notifier(manager.environment)
    assert notifier.managed
    before = time.monotonic_ns() // 1000
    notifier.ready()
    notifier.reloading()
    notifier.status("two\nlines")
    notifier.stopping()
    manager.close()
    ready, reloading, status, stopping = manager.messages
    assert (ready, status, stopping) == ("READY=1", "STATUS=two lines", "STOPPING=1")
    first, usec = reloading.split("\nMONOTONIC_USEC=")
    assert first == "RELOADING=1"
    assert before <= int(usec) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize(
    ("watchdog", "every_s"),
    [({"WATCHDOG_USEC": "8000000"}, 2.0), ({"WATCHDOG_USEC": "600000000"}, 7.5), ({}, 7.5)],
)
def test_feeds_the_watchdog_and_asks_for_more_time_to_start_before_the_last_is_over(
    manager: Manager, watchdog: dict[str, str], every_s: float
) -> None:
    clock = Clock()
    address = manager.environment["NOTIFY_SOCKET"]
    notifier = Notifier({"NOTIFY_SOCKET": address, **watchdog}, clock)
    fed = []
    for _ in range(6):
        fed.append(notifier.feed_watchdog())
        clock.advance(every_s / 2)
    manager.close()
    assert fed == [True, False] * 3
    assert manager.messages == ["WATCHDOG=1\nEXTEND_TIMEOUT_USEC=30000000"] * 3


def test_a_manager_that_has_gone_or_does_not_read_holds_nobody(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    notifier = Notifier({"NOTIFY_SOCKET": address})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                manager.sendto(b"x" * 1000, address)
        started = time.monotonic()
        notifier.ready()
        assert time.monotonic() - started < 3.0
    notifier.ready()
