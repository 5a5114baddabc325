"""Opening the model on the CPU or an Edge TPU, and what the service and doctor report of it.

The real interpreter runs it, with the delegate of a fake library.
"""

from __future__ import annotations

import gc
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BundleError, EdgeTpuError
from edge.model.bundle import load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.model.open import open_classifier
from edge.settings import SHIPPED_BUNDLE, ModelSettings, Settings
from tests.edge.diagnose.examined_machine import Machine
from tests.edge.model.fake_coral import Coral
from tests.edge.service.running_service import Serve, put
from tests.waiting import wait_until


def opened(bundle: Path, wish: Any) -> Classifier:
    return open_classifier(Settings(model=ModelSettings(bundle=str(bundle), edge_tpu=wish)))


@pytest.fixture(autouse=True)
def compiled_model(coral_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Service and doctor use the bundle with a compiled model."""
    monkeypatch.setenv("SMILE_GATE_MODEL__BUNDLE", str(coral_bundle))


@pytest.fixture
def on_edge_tpu(coral: Coral, coral_bundle: Path) -> Classifier:  # noqa: ARG001
    return opened(coral_bundle, "auto")


def test_scores_are_those_of_the_cpu(on_edge_tpu: Classifier, classifier: Classifier) -> None:
    assert on_edge_tpu.on_edge_tpu
    assert not classifier.on_edge_tpu
    for picture in self_test_pictures(64):
        there, here = on_edge_tpu.score_pixels(picture), classifier.score_pixels(picture)
        assert there == pytest.approx(here, abs=Classifier.TOLERANCE)


def test_a_compiled_model_does_not_run_on_the_cpu(coral_bundle: Path) -> None:
    """So what the other tests see did run through the delegate."""
    bundle = load_bundle(coral_bundle)
    with pytest.raises(BundleError, match="unresolved custom op: edgetpu-custom-op"):
        Classifier(replace(bundle, model=bundle.edgetpu_model))


def test_when_the_edge_tpu_fails_the_cpu_goes_on_and_one_warning_says_so(
    coral: Coral, on_edge_tpu: Classifier, classifier: Classifier, caplog: Any
) -> None:
    assert on_edge_tpu.edge_tpu_error is None
    coral.does("lost")
    for picture in self_test_pictures(64):
        assert on_edge_tpu.infer(picture) == classifier.infer(picture)
    assert not on_edge_tpu.on_edge_tpu
    assert str(on_edge_tpu.edge_tpu_error).startswith("the Edge TPU failed: USB transfer error")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    coral.unplug()
    with pytest.raises(EdgeTpuError, match="on USB, got none"):  # the old delegate is gone
        coral.edge_tpu.open_delegate()


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("not compiled", "expected a model compiled for the Edge TPU, got none"),
        ("unplugged", "expected an Edge TPU on USB, got none"),
        ("absent", "that answers, got none"),
        ("crash", "it crashes"),
        ("wrong", "c_edgetpu.tflite: expected the scores of its self-test"),
        ("lost", "the Edge TPU failed"),
    ],
)
def test_an_edge_tpu_that_cannot_be_used_is_a_line_in_the_log_or_where_required_an_error(
    coral: Coral, coral_bundle: Path, caplog: pytest.LogCaptureFixture, trouble: str, message: str
) -> None:
    caplog.set_level(logging.INFO)
    if trouble == "unplugged":
        coral.unplug()
    coral.does(trouble)
    bundle = SHIPPED_BUNDLE if trouble == "not compiled" else coral_bundle
    assert not opened(bundle, "auto").on_edge_tpu
    [line] = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert message in line
    assert line.endswith("; the model runs on the CPU")
    with pytest.raises((EdgeTpuError, BundleError)) as failure:
        opened(bundle, "usb")
    assert message in str(failure.value)


def test_the_log_is_silent_without_edge_tpu(coral: Coral, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    coral.unplug()
    assert not opened(SHIPPED_BUNDLE, "auto").on_edge_tpu
    assert caplog.text == ""


def test_off_does_not_load_the_library(coral: Coral, coral_bundle: Path) -> None:
    coral.does("crash")
    assert not opened(coral_bundle, "off").on_edge_tpu
    assert coral.probes == 0


def test_a_compiled_model_that_is_no_model(coral: Coral, coral_bundle: Path) -> None:
    broken = replace(load_bundle(coral_bundle), edgetpu_model=b"no model" * 100)
    with pytest.raises(BundleError, match=r"c_edgetpu\.tflite: expected a TFLite model"):
        Classifier(broken, 1, coral.edge_tpu.open_delegate())


def test_a_gate_whose_accelerator_fails_goes_on(serve: Serve, coral: Coral) -> None:
    served = serve("smile")
    served.wait_ready()
    report = served.service.report()
    assert (report["model_on"], report["warnings"]) == ("Edge TPU", [])
    coral.does("lost")
    served.wait_for_frames(10)
    report = served.service.report()
    assert report["model_on"] == "CPU"
    assert [one[:20] for one in report["warnings"]] == ["the Edge TPU failed:"]
    assert "fault" not in served.events.names
    coral.does("well")
    served.reload()
    report = served.service.report()
    assert (report["model_on"], report["warnings"]) == ("Edge TPU", [])


def test_a_reload_keeps_the_accelerator_that_is_in_use(
    serve: Serve, coral: Coral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_MODEL__EDGE_TPU", "usb")
    served = serve()
    served.wait_ready()
    coral.unplug()  # so a probe would fail, as it does while this process has the accelerator
    served.reload()
    assert served.service.report()["model_on"] == "Edge TPU"
    put(served.camera, "smile")
    wait_until(lambda: "fired" in served.events.names)


def test_doctor_runs_the_self_test_after_one_probe(machine: Machine, coral: Coral) -> None:
    good = machine.finding("edge tpu")
    assert good.verdict == "good"
    assert good.text.startswith("BuildLabel(N/A), RuntimeVersion(14), self-test passed, ")
    assert coral.probes == 1
    gc.collect()  # as in a program of its own, which has no delegate open
    coral.does("crash")
    assert machine.finding("edge tpu").verdict == "warning"
    assert machine.finding("model").verdict == "good"
    machine.more = '[model]\nedge_tpu = "off"'
    assert machine.finding("edge tpu").text == "on USB, but model.edge_tpu is off"


def test_doctor_misses_a_model_for_it(
    machine: Machine, coral: Coral, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SMILE_GATE_MODEL__BUNDLE")
    found = machine.finding("edge tpu")
    assert (found.verdict, "expected a model compiled" in found.text) == ("warning", True)
    assert "convert.quantize --edgetpu" in found.remedy
    assert coral.probes == 0


def test_doctor_misses_an_edge_tpu_only_where_required(machine: Machine, coral: Coral) -> None:
    coral.unplug()
    assert machine.finding("edge tpu").text == "none on USB"
    machine.more = '[model]\nedge_tpu = "usb"'
    found = machine.finding("edge tpu")
    assert (found.verdict, found.text) == ("bad", "model.edge_tpu is usb, got none there")
    assert "./install.sh --coral" in found.remedy


@pytest.mark.parametrize(
    ("model_on", "words"),
    [({"model_on": "Edge TPU"}, "left to"), ({}, "left to"), ({"model_on": "CPU"}, "BuildLabel")],
)
def test_doctor_leaves_an_edge_tpu_to_the_gate_that_uses_it(
    machine: Machine, running: dict[str, Any], coral: Coral, model_on: dict[str, str], words: str
) -> None:
    running.update(model_on)
    assert machine.finding("edge tpu").text.startswith(words)
    assert coral.probes == (words == "BuildLabel")
