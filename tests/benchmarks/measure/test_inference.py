from __future__ import annotations

import os
from dataclasses import replace

import pytest

from benchmarks.measure import inference
from benchmarks.measure.inference import Way, float_model_of, measure_way, open_interpreter, ways
from edge.errors import MissingPackageError
from edge.model.bundle import Bundle, load_bundle
from edge.model.edgetpu import EDGE_TPU
from edge.model.tflite import tflite
from edge.settings import SHIPPED_BUNDLE


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(SHIPPED_BUNDLE)


def test_ways_are_threads_with_and_without_xnnpack(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    found = list(ways(bundle, b"floats"))
    assert [(way.threads, way.xnnpack) for way in found if way.kind == "int8"] == [
        *((threads, True) for threads in (1, 2, 3, 4)),
        *((threads, False) for threads in (1, 2, 3, 4)),
    ]
    assert {way.model for way in found if way.kind == "float32"} == {b"floats"}
    assert {way.kind for way in ways(bundle, b"")} == {"int8"}
    assert found[0].name == "int8, 1 thread"


def test_an_edge_tpu_is_a_way_where_there_is_one_and_a_model_for_it(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = replace(bundle, edgetpu_model=b"compiled")
    monkeypatch.setattr(EDGE_TPU, "usb_id", lambda: None)
    assert {way.kind for way in ways(compiled, b"")} == {"int8"}
    monkeypatch.setattr(EDGE_TPU, "usb_id", lambda: ("18d1", "9302"))
    assert {way.kind for way in ways(bundle, b"")} == {"int8"}
    *_, last = ways(compiled, b"")
    assert (last.name, last.model, last.threads) == ("edge tpu", b"compiled", 1)


@pytest.mark.parametrize("xnnpack", [True, False])
def test_xnnpack_runs_the_model_only_if_wanted(bundle: Bundle, xnnpack: bool) -> None:
    interpreter = open_interpreter(tflite(), Way("int8", bundle.model, 1, xnnpack))
    operators = {one["op_name"] for one in interpreter._get_ops_details()}
    assert ("DELEGATE" in operators) == xnnpack


def test_a_way_is_measured_in_new_processes(bundle: Bundle) -> None:
    found, windows = measure_way(Way("int8", bundle.model, 1, True), 2, 3, 0.01)
    assert (found.kind, found.threads, found.xnnpack) == ("int8", 1, True)
    assert found.load_ms > 0
    assert found.first_ms > 0
    assert found.timing.p50 > 0
    assert len(windows) == len(found.timing.windows) == 3


def test_the_float_model_is_the_bundles(bundle: Bundle) -> None:
    pytest.importorskip("tensorflow")
    model = float_model_of(bundle)
    way = Way("float32", model, 1, True)
    assert open_interpreter(tflite(), way).get_input_details()[0]["dtype"].__name__ == "float32"
    assert inference._opened(way)[2]().shape == (1, 1)


def test_without_tensorflow_there_is_no_float_model(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match="expected TensorFlow"):
        float_model_of(bundle)
