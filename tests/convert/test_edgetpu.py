"""Models for the Edge TPU's compiler, and its report.

Google's program is not available here. A stand-in prints what the program's documentation and
users show, and makes the model that the other tests run.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from convert import ConvertError
from convert.edgetpu import Compiled, Operator, check_operators, compile_model, read_report
from convert.quantize import main
from convert.tflite import int8_tflite
from edge.model.bundle import load_bundle
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from tests.edge.model.fake_coral import Coral

needs_tensorflow = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="TensorFlow is not installed here"
)
SOURCE = str(SHIPPED_BUNDLE / "smilenet.keras")
HEAD = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 63 ms.

Input model: m.tflite
Input size: 362.28KiB
Output model: m_edgetpu.tflite
Output size: 480.00KiB
On-chip memory used for caching model parameters: 361.00KiB
On-chip memory remaining for caching model parameters: 7.33MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 19
Operation log: m_edgetpu.log
"""
PARTLY = """
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of \
the model will instead run on the CPU, which is slower. If possible, consider updating your model \
to use only operations supported by the Edge TPU. For details, visit g.co/coral/model-reqs.
Number of operations that will run on Edge TPU: 18
Number of operations that will run on CPU: 1
"""
TAIL = """\
Compilation child process completed within timeout period.
Compilation succeeded!
"""
TABLE = """
Operator                       Count      Status

ADD                            4          Mapped to Edge TPU
CONV_2D                        12         Mapped to Edge TPU
MEAN                           1          Mapped to Edge TPU
FULLY_CONNECTED                1          Mapped to Edge TPU
LOGISTIC                       1          Operation is otherwise supported, but not mapped due \
to some unspecified limitation
"""
REPORT = HEAD + PARTLY + TABLE + TAIL
TOO_NEW = """\
Edge TPU Compiler version 16.0.384591198
ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin \
might be supported. Are you using an old TFLite binary with a newer model?

ERROR: Registration failed.

Invalid model: m.tflite
Model could not be parsed
"""
TOO_LARGE = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.
Compilation failed: Compilation failed due to large activation tensors in model.
Compilation child process completed within timeout period.
Compilation failed!
"""


@pytest.fixture
def compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a compiler on the PATH that prints ``says``, and makes a model unless told otherwise."""

    def put(says: str, *, makes: bool = True, code: int = 0) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / "edgetpu_compiler"
        program.write_text(
            f"#!{sys.executable}\n"
            "import sys\n"
            "from pathlib import Path\n"
            "from tests.edge.model.fake_coral import compiled\n"
            "show, out, folder, model = sys.argv[1:]\n"
            "assert (show, out) == ('-s', '-o')\n"
            "source = Path(model)\n"
            f"if {makes}:\n"
            "    made = Path(folder, source.stem + '_edgetpu.tflite')\n"
            "    made.write_bytes(compiled(source.read_bytes()))\n"
            f"sys.stdout.write({says!r})\n"
            f"sys.exit({code})\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=":")
        return program

    return put


@pytest.fixture
def model() -> bytes:
    return load_bundle(SHIPPED_BUNDLE).model


def changed(model: bytes, change: Any) -> bytes:
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    change(parsed)
    builder = flatbuffers.Builder(0)
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def dense_weights(parsed: Any) -> Any:
    graph = parsed.subgraphs[0]
    for operator in graph.operators:
        code = parsed.operatorCodes[operator.opcodeIndex].builtinCode
        if code == schema.BuiltinOperator.FULLY_CONNECTED:
            return graph.tensors[operator.inputs[1]]
    raise AssertionError


# Checks before the compiler runs


def test_the_shipped_model_is_one_that_the_compiler_reads(model: bytes) -> None:
    check_operators(model)


def newer(parsed: Any) -> None:
    parsed.operatorCodes[0].version = 6


def hard_swish(parsed: Any) -> None:
    code = parsed.operatorCodes[-1]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.HARD_SWISH


def two_scales(parsed: Any) -> None:
    quantization = dense_weights(parsed).quantization
    quantization.scale = [quantization.scale[0]] * 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (newer, "^CONV_2D: expected at most version 5, .* that edgetpu_compiler reads, got 6$"),
        (hard_swish, "HARD_SWISH: expected operators that an Edge TPU runs"),
        (two_scales, "expected one scale for all of a dense layer's weights"),
    ],
)
def test_a_model_that_the_compiler_would_refuse_is_refused(
    model: bytes, change: Any, message: str
) -> None:
    with pytest.raises(ConvertError, match=message):
        check_operators(changed(model, change))


# The compiler


def test_the_report_is_read_and_operators_are_counted_by_where_they_run() -> None:
    operators = read_report(REPORT)
    assert operators[0] == Operator("ADD", 4, "Mapped to Edge TPU")
    names = ["ADD", "CONV_2D", "MEAN", "FULLY_CONNECTED", "LOGISTIC"]
    assert [operator.name for operator in operators] == names
    assert list(Compiled(b"", operators).lines()) == [
        "18 of 19 operators run on the Edge TPU",
        "on the CPU: 1 LOGISTIC: Operation is otherwise supported, but not mapped due to some "
        "unspecified limitation",
    ]


@pytest.mark.parametrize(
    ("says", "makes", "code", "message"),
    [
        (TOO_NEW, False, 1, "got: ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'"),
        (TOO_LARGE, False, 0, "got: Compilation failed: Compilation failed due to large activ"),
        ("Segmentation fault\n", False, 139, "got: Segmentation fault"),
        ("", False, 0, "got: nothing"),
        ("a report of another kind\n", True, 0, "expected operators on the Edge TPU, got: 0 of 0"),
        (
            HEAD + "CONV_2D                        19         Operation version not supported\n",
            True,
            0,
            "got: 0 of 19 operators run on the Edge TPU; on the CPU: 19 CONV_2D: Operation version",
        ),
    ],
)
def test_a_model_that_is_not_compiled_is_an_error(
    compiler: Any, model: bytes, says: str, makes: bool, code: int, message: str
) -> None:
    program = compiler(says, makes=makes, code=code)
    with pytest.raises(ConvertError) as refused:
        compile_model(model, "m")
    assert str(refused.value).startswith(f"{program}: expected ")
    assert message in str(refused.value)


def test_a_compiler_that_cannot_be_run_is_an_error(compiler: Any, model: bytes) -> None:
    compiler("").write_bytes(b"\x7fELF of another processor")
    with pytest.raises(ConvertError, match="expected it to run, got: "):
        compile_model(model, "m")


# The command


def small_model() -> Any:
    import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    hidden = keras.layers.Dense(4, "relu")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(hidden), name="small")


@needs_tensorflow
def test_without_the_compiler_nothing_is_begun(
    tiny_sets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "out"
    assert main([SOURCE, "--data", str(tiny_sets), "--out", str(out), "--edgetpu"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "expected Google's edgetpu_compiler on the PATH, got none" in err
    assert "edgetpu-compiler of https://packages.cloud.google.com/apt" in err
    assert not out.exists()


@needs_tensorflow
def test_a_refused_model_leaves_nothing_half_written(
    compiler: Any, tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler(TOO_NEW, makes=False, code=1)
    source, out = tmp_path / "small.keras", tmp_path / "out"
    small_model().save(source)
    assert main([str(source), "--data", str(tiny_sets), "--out", str(out), "--edgetpu"]) == 2
    assert "Didn't find op for builtin opcode" in capsys.readouterr().err
    assert list(out.iterdir()) == []


@needs_tensorflow
def test_a_bundle_with_a_compiled_model_runs_on_the_device(
    compiler: Any, coral: Coral, tiny_sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler(REPORT)
    out = tmp_path / "out"
    assert main([SOURCE, "--data", str(tiny_sets), "--out", str(out), "--edgetpu"]) == 0
    assert "18 of 19 operators run on the Edge TPU" in capsys.readouterr().out
    bundle = load_bundle(out)
    assert bundle.manifest.edgetpu_model == "smilenet_edgetpu.tflite"
    files = {"smilenet.tflite", "smilenet_edgetpu.tflite", "smilenet.keras"}
    assert set(bundle.manifest.files) == files
    on_edge_tpu = Classifier(bundle, 1, coral.edge_tpu.open_delegate())
    on_edge_tpu.self_test()
    assert on_edge_tpu.on_edge_tpu
    Classifier(bundle).self_test()


@needs_tensorflow
@pytest.mark.parametrize("edgetpu", [True, False])
def test_dense_layers_get_one_scale_for_the_edge_tpu(edgetpu: bool) -> None:
    calibration = np.random.default_rng(1).random((8, 8, 8, 1), np.float32)
    tflite = int8_tflite(small_model(), calibration, edgetpu=edgetpu)
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAs(tflite, 0))
    assert len(dense_weights(parsed).quantization.scale) == (1 if edgetpu else 4)
    if edgetpu:
        check_operators(tflite)
    else:
        with pytest.raises(ConvertError, match=r"expected one scale for all .*, got 4"):
            check_operators(tflite)
