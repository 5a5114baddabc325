"""Runs a command many times, each time in a forked process of its own, without a new start of
Python for each.

``python -m benchmarks.reliability.faults.fork_server MODULE:FUNCTION`` is the server. It reads a
``Request`` as a line of JSON and answers with a ``Reply``. A forked process leaves the server's
code before it calls the command, and ends as an interpreter ends, threads and all.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Self

import cv2
import msgspec
from msgspec import Struct

from benchmarks.processes import DeadProcessError

COMMAND = "edge.cli.__main__:main"
STOPPED_S = 10.0
"""A command that was asked to stop has to end within this time."""
MEMORY_MB = 3072
"""Of address space, beyond what the server itself has. More would disturb the machine."""
FILE_MB = 64
ROOT = Path(__file__).parents[3]


class Request(Struct, frozen=True):
    """A command to run.

    Attributes:
        folder: the working folder, which gets the files ``out`` and ``err``.
        arguments: of the command, as they would be in ``sys.argv``. As JSON cannot hold bytes that
            are no text, they are in hexadecimal.
        environment: added to the server's.
        seconds: after them the command is killed.
        stop_s: send SIGTERM after this time; 0 for never.
        stdout: whether there is a standard output; it may be closed.
    """

    folder: str
    arguments: list[str]
    environment: dict[str, str]
    seconds: float
    stop_s: float = 0.0
    stdout: bool = True


class Reply(Struct, frozen=True):
    """How a command ended.

    Attributes:
        code: the exit code; negative, the number of the signal that ended it.
        timed_out: whether it had to be killed.
        peak_mb: the most resident memory in MiB.
    """

    code: int
    timed_out: bool
    peak_mb: float


class ForkServer:
    """The client: starts a server, which ends with the ``with``.

    Args:
        command: MODULE:FUNCTION; the function gets the arguments and returns the exit code.
    """

    def __init__(self, command: str = COMMAND) -> None:
        mocks = {"GPIOZERO_PIN_FACTORY": "mock", "GPIOZERO_MOCK_PIN_CLASS": "MockPWMPin"}
        environment = {**os.environ, **mocks}
        for name in ("NOTIFY_SOCKET", "RUNTIME_DIRECTORY"):
            environment.pop(name, None)
        self._process = subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", __spec__.name, command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )

    def run(self, request: Request) -> Reply:
        """Run a command and wait for its end.

        Raises:
            DeadProcessError: the server has ended.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101  (for mypy)
        assert stdout is not None  # noqa: S101
        stdin.write(msgspec.json.encode(request) + b"\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise DeadProcessError("expected a reply from the fork server, got none: it has ended")
        return msgspec.json.decode(answer, type=Reply)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def _next_request() -> Request | None:
    """Serve requests; return one in the process that is to run it, None at the end."""
    replies = os.fdopen(os.dup(1), "wb")
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        pid = os.fork()
        if pid == 0:
            replies.close()
            _settle(request)
            return request
        replies.write(msgspec.json.encode(_wait(pid, request)) + b"\n")
        replies.flush()
    return None


def _settle(request: Request) -> None:
    """Make this process one that a shell might have started in the folder."""
    os.setsid()
    os.chdir(request.folder)
    os.environ.update(request.environment)
    for name, descriptor in ((os.devnull, 0), ("out", 1), ("err", 2)):
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        opened = os.open(name, flags, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    if not request.stdout:
        os.close(1)
        sys.stdout = None  # as Python starts without a descriptor 1
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for limit, value in (
        (resource.RLIMIT_AS, held + (MEMORY_MB << 20)),
        (resource.RLIMIT_FSIZE, FILE_MB << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def _wait(pid: int, request: Request) -> Reply:
    began = time.monotonic()
    timed_out = False
    with os.fdopen(os.pidfd_open(pid)) as process:
        ended = bool(request.stop_s and select.select([process], [], [], request.stop_s)[0])
        if request.stop_s and not ended:
            os.kill(pid, signal.SIGTERM)
            began, seconds = time.monotonic(), STOPPED_S
        else:
            seconds = request.seconds
        left = max(0.0, began + seconds - time.monotonic())
        timed_out = not select.select([process], [], [], left)[0]
    with suppress(ProcessLookupError):  # also what the command has started, and what it left behind
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return Reply(os.waitstatus_to_exitcode(status), timed_out, usage.ru_maxrss / 1024)


def main() -> int:
    """Serve, or, in a forked process, run the command."""
    module, _, function = sys.argv[1].partition(":")
    command = getattr(import_module(module), function)
    cv2.setNumThreads(1)  # OpenCV's pool of threads would not survive a fork
    request = _next_request()
    if request is None:
        return 0
    arguments = [os.fsdecode(bytes.fromhex(argument)) for argument in request.arguments]
    code: int = command(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main())
