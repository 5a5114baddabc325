"""New processes to measure in, which have nothing of this one's memory and threads."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
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


def own_process(*, one_core: bool = True) -> ProcessPoolExecutor:
    """Return a new process; OpenCV works on one thread in it.

    Args:
        one_core: all of it works on one core; the scheduler's choice else.
    """
    begin = _use_one_core if one_core else _use_any_core
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=begin)


def apart(one_core: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a new process, which is ended when Ctrl-C comes meanwhile.

    The terminal sends Ctrl-C to both: the new process is deaf to it, so that it is told once.

    Raises:
        DeadProcessError: it ended before the function did.
    """
    with own_process(one_core=one_core) as process:
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            future = process.submit(function, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise DeadProcessError(
                "expected a result, got none: its process died, maybe for want of memory"
            ) from error
        except KeyboardInterrupt:
            for child in active_children():
                child.terminate()
            raise
