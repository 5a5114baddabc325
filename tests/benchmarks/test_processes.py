from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from benchmarks.processes import DeadProcessError, call_apart, cpu_s, memory_mb, own_process


def test_works_on_one_core_if_wanted() -> None:
    assert len(call_apart(True, os.sched_getaffinity, 0)) == 1
    assert call_apart(False, os.sched_getaffinity, 0) == os.sched_getaffinity(0)


def test_a_process_has_its_own_memory() -> None:
    ours = np.ones(400 * 2**20, np.uint8)
    assert call_apart(True, memory_mb, "VmHWM") < memory_mb("VmRSS") - 300
    assert ours.all()


def test_a_process_that_dies_is_one_clear_error() -> None:
    def use_two() -> None:
        with own_process() as process, own_process():
            process.submit(os._exit, 3).result()

    for die in (lambda: call_apart(False, os._exit, 3), use_two):
        with pytest.raises(DeadProcessError, match="expected a result, got none: its process died"):
            die()


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_process_at_once() -> None:
    began = time.monotonic()
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        call_apart(False, signal.sigwait, {signal.SIGUSR1})
    assert time.monotonic() - began < 30


def test_processor_time_is_that_of_the_process() -> None:
    assert cpu_s(os.getpid()) == pytest.approx(time.process_time(), abs=0.1)


def test_a_field_that_the_kernel_does_not_have_is_an_error() -> None:
    now = memory_mb("VmRSS")
    assert memory_mb("VmHWM") >= now > 10
    with pytest.raises(ProcessLookupError, match="VmXYZ"):
        memory_mb("VmXYZ")
