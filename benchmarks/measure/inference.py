"""The classifier's model alone: time to load, first inference, and those after it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.measure.process import apart
from benchmarks.measure.windows import time_windows, timing
from benchmarks.report.figures import configuration
from benchmarks.report.schema import Inference
from convert import float_tflite
from edge.errors import BundleError, MissingPackageError
from edge.model.bundle import Bundle, self_test_pictures
from edge.model.edgetpu import open_delegate, plugged_in
from edge.model.tflite import quiet_stderr, tflite

MOST_THREADS = 4

Kind = Literal["int8", "float32", "edge tpu"]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way to run the bundle's model.

    Attributes:
        kind: the model's numbers and where they run.
        model: a TFLite file's bytes.
        threads: of the interpreter.
        xnnpack: whether LiteRT may use its XNNPACK delegate.
    """

    kind: Kind
    model: bytes
    threads: int
    xnnpack: bool

    @property
    def name(self) -> str:
        return configuration(self.kind, self.threads, self.xnnpack)


def ways(bundle: Bundle, float_model: bytes) -> Iterator[Way]:
    """Yield what can be measured here.

    Args:
        bundle: whose int8 model is, and the one for an Edge TPU, where both are there.
        float_model: the same in float32; empty if there is none.
    """
    cores = len(os.sched_getaffinity(0))
    kinds: dict[Kind, bytes] = {"int8": bundle.model, "float32": float_model}
    for kind, model in kinds.items():
        for xnnpack, threads in product((True, False), range(1, min(cores, MOST_THREADS) + 1)):
            if model:
                yield Way(kind, model, threads, xnnpack)
    if bundle.edgetpu_model and plugged_in():
        yield Way("edge tpu", bundle.edgetpu_model, 1, xnnpack=False)


def float_model_of(bundle: Bundle) -> bytes:
    """Return the bundle's model in float32, converted in a process of its own.

    Raises:
        BundleError: there is no Keras model in the bundle.
        MissingPackageError: there is no TensorFlow to convert it.
    """
    source = next((name for name in bundle.manifest.files if name.endswith(".keras")), "")
    if not source:
        raise BundleError(f"{bundle.folder}: expected a Keras model, got none", bundle.folder)
    if find_spec("tensorflow") is None:
        raise MissingPackageError(
            "expected TensorFlow to make a float model with, got none", name="tensorflow"
        )
    return apart(False, _float_model, bundle.folder / source)


def _float_model(source: Path) -> bytes:
    with quiet_stderr():  # TensorFlow greets there
        return float_tflite(source)


def measure_way(
    way: Way, starts: int, windows: int, window_s: float
) -> tuple[Inference, list[list[float]]]:
    """Measure one way, each start of it in a new process.

    Returns:
        What a report says, and the time of each inference in each window, in milliseconds.
    """
    cold = [apart(False, _start, way) for _ in range(starts - 1)]
    load_ms, first_ms, times = apart(False, _start_and_run, way, windows, window_s)
    loads, firsts = zip(*cold, (load_ms, first_ms), strict=True)
    found = Inference(
        kind=way.kind,
        threads=way.threads,
        xnnpack=way.xnnpack,
        load_ms=statistics.median(loads),
        first_ms=statistics.median(firsts),
        timing=timing(times),
    )
    return found, times


def _start(way: Way) -> tuple[float, float]:
    load_ms, first_ms, _ = _opened(way)
    return load_ms, first_ms


def _start_and_run(
    way: Way, windows: int, window_s: float
) -> tuple[float, float, list[list[float]]]:
    load_ms, first_ms, infer = _opened(way)
    return load_ms, first_ms, time_windows(infer, windows, window_s)


def _opened(way: Way) -> tuple[float, float, Callable[[], Any]]:
    """Return the time to load, that of the first inference, and what runs another."""
    runtime = tflite()
    delegates = [open_delegate()] if way.kind == "edge tpu" else []
    began = time.perf_counter()
    interpreter = open_interpreter(runtime, way, delegates)
    loaded = time.perf_counter()
    infer = partial(_infer, interpreter, *_ends(interpreter))
    infer()
    return (loaded - began) * 1e3, (time.perf_counter() - loaded) * 1e3, infer


def open_interpreter(runtime: Any, way: Way, delegates: Sequence[Any] = ()) -> Any:
    """Return an interpreter with its tensors, as the classifier opens it, but for XNNPACK."""
    kinds = runtime.OpResolverType
    resolver = kinds.AUTO if way.xnnpack else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with quiet_stderr():
        interpreter = runtime.Interpreter(
            model_content=way.model,
            num_threads=way.threads,
            experimental_delegates=list(delegates) or None,
            experimental_op_resolver_type=resolver,
        )
        interpreter.allocate_tensors()
    return interpreter


def _ends(interpreter: Any) -> tuple[int, np.ndarray[Any, Any], int]:
    """Return where an input goes, one that the model takes, and where the output is."""
    first = interpreter.get_input_details()[0]
    picture = next(self_test_pictures(first["shape"][1]))[None, ..., None]
    if first["dtype"] == np.int8:
        values = (picture.astype(np.int16) - 128).astype(np.int8)
    else:
        values = (picture / np.float32(255)).astype(np.float32)
    return first["index"], values, interpreter.get_output_details()[0]["index"]


def _infer(interpreter: Any, into: int, values: np.ndarray[Any, Any], out_of: int) -> Any:
    interpreter.set_tensor(into, values)
    interpreter.invoke()
    return interpreter.get_tensor(out_of)
