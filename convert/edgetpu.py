"""Compile an int8 model for the Edge TPU with Google's program, and report what will run there."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ai_edge_litert import schema_py_generated as schema
from msgspec import Struct

from convert.errors import ConvertError

COMPILER = "edgetpu_compiler"
TIMEOUT_S = 600.0
MAPPED = "Mapped to Edge TPU"

OPERATORS = {
    name: version
    for version, names in {
        1: "EXPAND_DIMS PRELU RELU_N1_TO_1 RESHAPE",
        2: "L2_NORMALIZATION QUANTIZE RSQRT SPACE_TO_DEPTH SQUARED_DIFFERENCE SQUEEZE SUM",
        3: "ADD AVERAGE_POOL_2D CONCATENATION LOGISTIC MAX_POOL_2D MEAN PACK PAD REDUCE_MAX "
        "REDUCE_MIN RELU RELU6 SOFTMAX TANH TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM",
        4: "MAXIMUM MINIMUM MUL RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPLIT",
        5: "CONV_2D SLICE STRIDED_SLICE SUB TRANSPOSE",
        6: "DEPTHWISE_CONV_2D",
        9: "FULLY_CONNECTED",
    }.items()
    for name in names.split()
}
"""The operators of an Edge TPU (https://coral.ai/docs/edgetpu/models-intro/#supported-operations),
each with the newest version that the last compiler, 16.0 of 2021, reads. Versions are those of
TensorFlow 2.5, which the library of that release is built with (google-coral/libedgetpu,
workspace.bzl; tensorflow/lite/tools/versioning/runtime_version.cc). The compiler is known to refuse
CONV_2D 6 and TRANSPOSE_CONV 4."""


class Operator(Struct, frozen=True):
    """A line of the compiler's report: ``count`` operators called ``name`` have this status."""

    name: str
    count: int
    status: str


class Compiled(Struct, frozen=True):
    """A model for the Edge TPU, and the compiler's report."""

    model: bytes
    operators: tuple[Operator, ...]

    def lines(self) -> Iterator[str]:
        """Yield in words how many operators run on the Edge TPU, and which do not."""
        mapped = sum(operator.count for operator in self.operators if operator.status == MAPPED)
        total = sum(operator.count for operator in self.operators)
        yield f"{mapped} of {total} operators run on the Edge TPU"
        for operator in self.operators:
            if operator.status != MAPPED:
                yield f"on the CPU: {operator.count} {operator.name}: {operator.status}"


def find_compiler() -> str:
    """Return the path of Google's compiler.

    Raises:
        ConvertError: the compiler is not on the PATH.
    """
    compiler = shutil.which(COMPILER)
    if compiler is None:
        raise ConvertError(
            f"--edgetpu: expected Google's {COMPILER} on the PATH, got none: on x86-64 Debian or "
            "Ubuntu it is the package edgetpu-compiler of https://packages.cloud.google.com/apt, "
            "suite coral-edgetpu-stable; see docs/coral.md"
        )
    return compiler


def check_operators(model: bytes) -> None:
    """Check that the compiler can read a model, and that the Edge TPU runs all of it.

    Raises:
        ConvertError: names the first operator that the Edge TPU does not run or that is too new,
            or the first dense layer with more than one scale.
    """
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if name.isupper()}
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    for graph in parsed.subgraphs:
        for operator in graph.operators:
            code = parsed.operatorCodes[operator.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name not in OPERATORS:
                raise ConvertError(f"{name}: expected operators that an Edge TPU runs")
            if code.version > OPERATORS[name]:
                raise ConvertError(
                    f"{name}: expected at most version {OPERATORS[name]}, which is the newest that "
                    f"{COMPILER} reads, got {code.version}"
                )
            if name == "FULLY_CONNECTED":
                weights = graph.tensors[operator.inputs[1]]
                if len(weights.quantization.scale) > 1:
                    raise ConvertError(
                        f"{weights.name.decode()}: expected one scale for all of a dense layer's "
                        f"weights, got {len(weights.quantization.scale)}"
                    )


def compile_model(model: bytes, name: str) -> Compiled:
    """Compile an int8 TFLite model for the Edge TPU.

    Raises:
        ConvertError: there is no compiler, or the compiler refuses the model or maps none of its
            operators to the Edge TPU.
    """
    compiler = find_compiler()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, f"{name}.tflite")
        source.write_bytes(model)
        try:
            done = subprocess.run(  # noqa: S603
                [compiler, "-s", "-o", folder, str(source)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ConvertError(f"{compiler}: expected it to run, got: {error}") from error
        compiled = source.with_name(f"{name}_edgetpu.tflite")
        if done.returncode or not compiled.is_file():
            raise ConvertError(
                f"{compiler}: expected a compiled model, got: {_failure(done.stdout)}"
            )
        result = Compiled(compiled.read_bytes(), read_report(done.stdout))
    if all(operator.status != MAPPED for operator in result.operators):
        raise ConvertError(
            f"{compiler}: expected operators on the Edge TPU, got: {'; '.join(result.lines())}"
        )
    return result


def read_report(text: str) -> tuple[Operator, ...]:
    """Return the table of operators that the compiler prints with ``-s``."""
    rows = re.findall(r"^([A-Z][A-Z0-9_]+) +(\d+) +(\S.*?) *$", text, re.MULTILINE)
    return tuple(Operator(name, int(count), status) for name, count, status in rows)


def _failure(text: str) -> str:
    """Return the line of the compiler's output that names the cause."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    cause = r"ERROR|Invalid model|Compilation failed:|Internal compiler error"
    return next((line for line in lines if re.match(cause, line)), (lines or ["nothing"])[-1])
