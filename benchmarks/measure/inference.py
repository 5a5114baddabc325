"""The classifier's model alone: time to load, first inference, and later inferences."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.measure.windows import time_windows, timing
from benchmarks.processes import call_apart
from benchmarks.report.formatting import configuration
from benchmarks.report.schema import Inference
from convert import float_tflite
from edge.errors import BundleError, MissingPackageError
from edge.model.bundle import Bundle, self_test_pictures
from edge.model.edgetpu import EDGE_TPU
from edge.model.tflite import quiet_stderr, tflite

MOST_THREADS = 4

Kind = Literal["int8", "float32", "edge tpu"]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way to run the bundle's model, which is a TFLite file's bytes, on an interpreter's threads,
    with or without LiteRT's XNNPACK delegate."""

    kind: Kind
    model: bytes
    threads: int
    xnnpack: bool

    @property
    def name(self) -> str:
        return configuration(self.kind, self.threads, self.xnnpack)


def ways(
    bundle: Bundle, float_model: bytes, most_threads: int = MOST_THREADS, cores: int | None = None
) -> Iterator[Way]:
    """Yield the ways that can be measured here.

    Args:
        bundle: with the int8 model, and maybe its compilation for an Edge TPU, which is yielded
            where an accelerator is plugged in.
        float_model: the same model in float32; empty if there is none.
        most_threads: of the interpreter on the CPU; 0 leaves out the CPU.
        cores: that may be used; by default this process's.
    """
    cores = cores or len(os.sched_getaffinity(0))
    kinds: dict[Kind, bytes] = {"int8": bundle.model, "float32": float_model}
    for kind, model in kinds.items():
        for xnnpack, threads in product((True, False), range(1, min(cores, most_threads) + 1)):
            if model:
                yield Way(kind, model, threads, xnnpack)
    if bundle.edgetpu_model and EDGE_TPU.usb_id():
        yield Way("edge tpu", bundle.edgetpu_model, 1, xnnpack=False)


def float_model_of(bundle: Bundle) -> bytes:
    """Return the bundle's Keras model as float32 TFLite, converted in a new process.

    Raises:
        BundleError: there is no Keras model in the bundle.
        MissingPackageError: TensorFlow, which converts, is not installed.
    """
    source = next((name for name in bundle.manifest.files if name.endswith(".keras")), "")
    if not source:
        raise BundleError("expected a Keras model, got none", bundle.folder)
    if find_spec("tensorflow") is None:
        raise MissingPackageError(
            "expected TensorFlow to make a float model with, got none", name="tensorflow"
        )
    return call_apart(False, _float_model, bundle.folder / source)


def _float_model(source: Path) -> bytes:
    with quiet_stderr():  # TensorFlow greets there
        return float_tflite(source)


def measure_way(
    way: Way, starts: int, windows: int, window_s: float
) -> tuple[Inference, list[list[float]]]:
    """Measure a way, each start in a new process.

    Returns:
        A report's figures, and the time of each inference in each window, in milliseconds.
    """
    cold = [call_apart(False, _run, way, 0, 0.0) for _ in range(starts - 1)]
    warm = call_apart(False, _run, way, windows, window_s)
    loads, firsts, _ = zip(*cold, warm, strict=True)
    times = warm[2]
    figures = Inference(
        kind=way.kind,
        threads=way.threads,
        xnnpack=way.xnnpack,
        load_ms=statistics.median(loads),
        first_ms=statistics.median(firsts),
        timing=timing(times),
    )
    return figures, times


def _run(way: Way, windows: int, window_s: float) -> tuple[float, float, list[list[float]]]:
    load_ms, first_ms, infer = open_way(way)
    return load_ms, first_ms, time_windows(infer, windows, window_s)


def open_way(way: Way) -> tuple[float, float, Callable[[], Any]]:
    """Return the times to load and of the first inference in milliseconds, and a function that runs
    another inference and returns its output."""
    tflite()  # its import is not the model's time to load
    delegates = [EDGE_TPU.open_delegate()] if way.kind == "edge tpu" else []
    began = time.perf_counter()
    interpreter = open_interpreter(way, delegates)
    loaded = time.perf_counter()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    picture = next(self_test_pictures(source["shape"][1]))[None, ..., None]
    if source["dtype"] == np.int8:
        values = (picture.astype(np.int16) - 128).astype(np.int8)
    else:
        values = (picture / np.float32(255)).astype(np.float32)

    def infer() -> Any:
        interpreter.set_tensor(source["index"], values)
        interpreter.invoke()
        return interpreter.get_tensor(target["index"])

    infer()
    return (loaded - began) * 1e3, (time.perf_counter() - loaded) * 1e3, infer


def open_interpreter(way: Way, delegates: Sequence[Any] = ()) -> Any:
    """Return an interpreter as the classifier opens it, but with XNNPACK only if the way has it."""
    runtime = tflite()
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
