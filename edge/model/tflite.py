"""The installed TFLite runtime: LiteRT, else the older tflite-runtime."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from edge.errors import MissingPackageError


def tflite() -> ModuleType:
    """Return the runtime's module, which has ``Interpreter`` and ``load_delegate``.

    Raises:
        MissingPackageError: neither runtime is installed.
    """
    for package in ("ai_edge_litert", "tflite_runtime"):
        with suppress(ImportError):
            return import_module(f"{package}.interpreter")
    raise MissingPackageError(
        "expected a TFLite runtime, got none; pip install ai-edge-litert", name="ai-edge-litert"
    )


def make_interpreter(model: bytes, threads: int = 1, delegates: Sequence[Any] = ()) -> Any:
    """Return an interpreter of the installed runtime, with its tensors allocated.

    Args:
        model: a TFLite model.
        threads: CPU threads, from 1.
        delegates: run operators off the CPU; from the runtime's ``load_delegate``.

    Raises:
        MissingPackageError: neither runtime is installed.
        ValueError, RuntimeError: the runtime can't run the model.
    """
    with quiet_stderr():  # the runtime prints a greeting, and has no option against it
        interpreter = tflite().Interpreter(
            model_content=model, num_threads=threads, experimental_delegates=list(delegates) or None
        )
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what any thread of the process writes to standard error; for short starts only."""
    if sys.stderr is None:  # closed by the parent process
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
