"""New processes to measure in, with none of this process's memory and threads; and what a process
takes of the machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import cv2

from edge.errors import SmileGateError

P = ParamSpec("P")
T = TypeVar("T")


class DeadProcessError(SmileGateError, RuntimeError):
    """A process that measures something died."""


def _prepare(one_core: bool) -> None:
    if one_core:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT for the processes that start meanwhile, which inherit the mask. This process
    handles a Ctrl-C that came meanwhile, in whichever thread, afterwards."""
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if received and callable(handler):
        handler(received[0], None)


@contextmanager
def own_process(*, one_core: bool = True) -> Iterator[ProcessPoolExecutor]:
    """Start a new process, in which OpenCV works on one thread; it ends with the ``with``.

    The terminal sends Ctrl-C to both processes. The new process blocks it and is ended from here.

    Args:
        one_core: all threads of the process share one core; else the scheduler chooses.

    Raises:
        DeadProcessError: the process ended before its work did.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), _prepare, (one_core,)) as process:
        try:
            with _sigint_blocked():
                process.submit(os.getpid)  # the first task starts the process
            yield process
        except KeyboardInterrupt:
            for child in active_children():
                child.terminate()
            raise
        except BrokenProcessPool as error:
            raise DeadProcessError(
                "expected a result, got none: its process died, maybe for want of memory"
            ) from error


def call_apart(one_core: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a new process.

    Raises:
        DeadProcessError: the process ended before the function did.
    """
    with own_process(one_core=one_core) as process:
        return process.submit(function, *args, **kwargs).result()


def memory_mb(field: str, pid: int | str = "self") -> float:
    """Return a process's resident memory in MiB: ``VmRSS`` now, ``VmHWM`` its peak.

    ``getrusage`` would give a new process the peak of its parent.

    Raises:
        ProcessLookupError: the process has ended, or the kernel has no such field.
    """
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"/proc/{pid}/status: expected {field}, got none: has it ended?")


def cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process has used."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")
