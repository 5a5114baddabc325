"""New processes to measure in, which have nothing of this one's memory and threads."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import ParamSpec, TypeVar

import cv2

from edge.errors import SmileGateError

P = ParamSpec("P")
T = TypeVar("T")


class DeadProcessError(SmileGateError, RuntimeError):
    """A process that measures something died."""


def _use_one_core() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    _use_any_core()


def _use_any_core() -> None:
    cv2.setNumThreads(1)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Begin a process whole: it has the signals blocked that we have, and a Ctrl-C that comes
    meanwhile, which any thread may catch, is heard by us afterwards."""
    came: list[int] = []
    kept = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, kept)
    if came and callable(kept):
        kept(came[0], None)


@contextmanager
def own_process(*, one_core: bool = True) -> Iterator[ProcessPoolExecutor]:
    """Start a new process, in which OpenCV works on one thread; it ends with the ``with``.

    The terminal sends Ctrl-C to both. The new process is deaf to it, and ended from here.

    Args:
        one_core: all of it works on one core; the scheduler's choice else.

    Raises:
        DeadProcessError: it ended before what it was given to do did.
    """
    begin = _use_one_core if one_core else _use_any_core
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=begin) as process:
        try:
            with _deaf_to_ctrl_c():
                process.submit(os.getpid)  # with it the process begins
            yield process
        except KeyboardInterrupt:
            for child in active_children():
                child.terminate()
            raise
        except BrokenProcessPool as error:
            raise DeadProcessError(
                "expected a result, got none: its process died, maybe for want of memory"
            ) from error


def apart(one_core: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a new process.

    Raises:
        DeadProcessError: it ended before the function did.
    """
    with own_process(one_core=one_core) as process:
        return process.submit(function, *args, **kwargs).result()
