"""Audit of a TFLite model: the device expects integers only, from input to output."""

from __future__ import annotations

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from convert.errors import ConvertError

INTEGERS = frozenset({"int8", "int32"})  # weights and activations; biases and shapes


def check_int8(model: bytes) -> None:
    """Check that a model is int8 from input to output, with no float tensor inside.

    Raises:
        ConvertError: names the first tensor of another type.
    """
    # Without delegates: they would hide the model's own tensors behind theirs.
    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    ends = [*interpreter.get_input_details(), *interpreter.get_output_details()]
    for tensor in ends:
        if np.dtype(tensor["dtype"]) != np.int8:
            raise ConvertError(f"{tensor['name']}: expected int8, got {_type(tensor)}")
    for tensor in interpreter.get_tensor_details():
        if _type(tensor) not in INTEGERS:
            raise ConvertError(
                f"{tensor['name']}: expected a tensor of int8 or int32, got {_type(tensor)}"
            )


def _type(tensor: dict[str, object]) -> str:
    return np.dtype(tensor["dtype"]).name  # type: ignore[call-overload,no-any-return]
