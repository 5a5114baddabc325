"""The TFLite runtime that is installed: LiteRT, else the older tflite-runtime."""

from __future__ import annotations

from types import ModuleType

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
