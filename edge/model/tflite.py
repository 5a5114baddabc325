"""The TFLite runtime that is installed: LiteRT, else the older tflite-runtime."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from edge.errors import MissingPackageError


def tflite() -> ModuleType:
    """Return the runtime's module, which has ``Interpreter`` and ``load_delegate``.

    Raises:
        MissingPackageError: neither runtime is installed.
    """
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter
        except ImportError as error:
            raise MissingPackageError(
                "expected a TFLite runtime, got none; pip install ai-edge-litert",
                name="ai-edge-litert",
            ) from error
    return interpreter  # type: ignore[no-any-return]


def make_interpreter(model: bytes, threads: int = 1, delegates: Sequence[Any] = ()) -> Any:
    """Return an allocated interpreter from LiteRT, else from tflite-runtime.

    Args:
        model: a TFLite model.
        threads: of the processor, from 1.
        delegates: what else runs operators, as the runtime's ``load_delegate`` returns it.

    Raises:
        MissingPackageError: neither runtime is installed.
        ValueError, RuntimeError: the bytes are no model this runtime can run.
    """
    with quiet_stderr():  # the runtime greets there, and has no switch against it
        interpreter = tflite().Interpreter(
            model_content=model,
            num_threads=threads,
            experimental_delegates=list(delegates) or None,
        )
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what is written to standard error, by any thread: for the short time of a start."""
    if sys.stderr is None:  # closed by who started us
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
