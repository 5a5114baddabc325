from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from benchmarks.measure import inference
from edge.errors import MissingPackageError
from edge.model.bundle import Bundle, load_bundle
from edge.settings import SHIPPED_BUNDLE
from tests.edge.model.fake_coral import Coral


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(SHIPPED_BUNDLE)


def test_ways_are_threads_with_and_without_xnnpack(bundle: Bundle) -> None:
    measured = list(inference.ways(bundle, b"floats", cores=8))
    assert [(way.threads, way.xnnpack) for way in measured if way.kind == "int8"] == [
        (threads, xnnpack) for xnnpack in (True, False) for threads in (1, 2, 3, 4)
    ]
    assert {way.model for way in measured if way.kind == "float32"} == {b"floats"}
    assert {way.kind for way in inference.ways(bundle, b"")} == {"int8"}
    assert measured[0].name == "int8, 1 thread"
    assert list(inference.ways(bundle, b"floats", most_threads=0)) == []


def test_an_edge_tpu_is_a_way_where_it_is_plugged_in_and_the_bundle_compiled(
    bundle: Bundle, coral: Coral
) -> None:
    assert {way.kind for way in inference.ways(bundle, b"")} == {"int8"}
    compiled = replace(bundle, edgetpu_model=b"compiled")
    coral.unplug()
    assert {way.kind for way in inference.ways(compiled, b"")} == {"int8"}
    coral.plug()
    *_, last = inference.ways(compiled, b"")
    assert (last.name, last.model, last.threads) == ("edge tpu", b"compiled", 1)


@pytest.mark.parametrize("xnnpack", [True, False])
def test_xnnpack_runs_the_model_only_if_wanted(bundle: Bundle, xnnpack: bool) -> None:
    interpreter = inference.open_interpreter(inference.Way("int8", bundle.model, 1, xnnpack))
    # No public method lists the operators.
    operators = {operator["op_name"] for operator in interpreter._get_ops_details()}
    assert ("DELEGATE" in operators) == xnnpack


def test_a_way_is_measured_in_new_processes(bundle: Bundle) -> None:
    way = inference.Way("int8", bundle.model, 1, True)
    figures, windows = inference.measure_way(way, 2, 3, 0.01)
    assert (figures.kind, figures.threads, figures.xnnpack) == ("int8", 1, True)
    assert figures.load_ms > 0
    assert figures.first_ms > 0
    assert figures.timing.p50 > 0
    assert len(windows) == len(figures.timing.windows) == 3


def test_the_float_model_is_the_bundles(bundle: Bundle) -> None:
    pytest.importorskip("tensorflow")
    way = inference.Way("float32", inference.float_model_of(bundle), 1, True)
    interpreter = inference.open_interpreter(way)
    assert interpreter.get_input_details()[0]["dtype"].__name__ == "float32"
    assert inference.open_way(way)[2]().shape == (1, 1)


def test_without_tensorflow_there_is_no_float_model(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingPackageError, match="expected TensorFlow"):
        inference.float_model_of(bundle)
