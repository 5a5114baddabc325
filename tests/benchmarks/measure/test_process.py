from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from benchmarks.measure.process import DeadProcessError, apart, own_process


def test_works_on_one_core_if_wanted() -> None:
    assert len(apart(True, os.sched_getaffinity, 0)) == 1
    assert apart(False, os.sched_getaffinity, 0) == os.sched_getaffinity(0)


def test_a_process_that_dies_is_one_clear_error() -> None:
    with pytest.raises(DeadProcessError, match="expected a result, got none"):
        apart(False, os._exit, 3)


def test_one_of_several_processes_that_dies_is_the_same_error() -> None:
    def use_both() -> None:
        with own_process() as one, own_process():
            one.submit(os._exit, 3).result()

    with pytest.raises(DeadProcessError, match="expected a result, got none"):
        use_both()


def test_ctrl_c_ends_it_at_once() -> None:
    began = time.monotonic()
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        apart(False, time.sleep, 60)
    assert time.monotonic() - began < 30
