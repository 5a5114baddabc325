"""The model on an Edge TPU: chosen, run, lost; and what the service and doctor say of it.

The real interpreter runs it, with the delegate of a library of ours.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.errors import BundleError, EdgeTpuError
from edge.model import edgetpu
from edge.model.bundle import load_bundle, self_test_pictures
from edge.model.classifier import Classifier
from edge.model.edgetpu import open_delegate
from edge.model.open import open_classifier
from edge.settings import ModelSettings, Settings
from tests.edge.diagnose.examined_machine import Machine
from tests.edge.model.fake_coral import Coral
from tests.edge.outputs.acting import wait_until
from tests.edge.service.running_service import Serve, put


def opened(bundle: Path, wish: Any) -> Classifier:
    return open_classifier(Settings(model=ModelSettings(bundle=str(bundle), edge_tpu=wish)))


@pytest.fixture
def on_edge_tpu(coral: Coral, coral_bundle: Path) -> Classifier:  # noqa: ARG001
    return opened(coral_bundle, "auto")


# Running


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


def test_one_that_is_lost_is_told_of_once_and_the_cpu_goes_on(
    coral: Coral, on_edge_tpu: Classifier, classifier: Classifier, caplog: Any
) -> None:
    coral.does("lost")
    for picture in self_test_pictures(64):
        assert on_edge_tpu.infer(picture) == classifier.infer(picture)
    assert not on_edge_tpu.on_edge_tpu
    assert on_edge_tpu.lost.startswith("the Edge TPU failed: USB transfer error")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    coral.unplug()
    with pytest.raises(EdgeTpuError, match="on USB, got none"):  # the old delegate is gone
        open_delegate()


# Choosing


def no_stick(coral: Coral) -> None:
    coral.unplug()


def absent(coral: Coral) -> None:
    coral.does("absent")


def crash(coral: Coral) -> None:
    coral.does("crash")


def wrong(coral: Coral) -> None:
    coral.does("wrong")


def lost(coral: Coral) -> None:
    coral.does("lost")


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (no_stick, "expected an Edge TPU on USB, got none"),
        (absent, "that answers, got none"),
        (crash, "it crashes"),
        (wrong, "c_edgetpu.tflite: expected the scores of its self-test"),
        (lost, "the Edge TPU failed"),
    ],
)
def test_one_that_cannot_be_used_is_a_line_or_where_it_is_insisted_on_an_error(
    coral: Coral,
    coral_bundle: Path,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Coral], None],
    message: str,
) -> None:
    caplog.set_level(logging.INFO)
    trouble(coral)
    assert not opened(coral_bundle, "auto").on_edge_tpu
    said = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert len(said) == 1
    assert message in said[0]
    assert said[0].endswith("; the model runs on the CPU")
    with pytest.raises((EdgeTpuError, BundleError)) as refused:
        opened(coral_bundle, "usb")
    assert message in str(refused.value)


@pytest.mark.usefixtures("coral")
def test_a_bundle_without_a_model_for_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    shipped = ModelSettings().bundle
    assert not opened(Path(shipped), "auto").on_edge_tpu
    assert "expected a model compiled for the Edge TPU, got none" in caplog.text
    with pytest.raises(BundleError, match="expected a model compiled for the Edge TPU, got none"):
        opened(Path(shipped), "usb")


def test_who_has_none_hears_nothing_of_it(coral: Coral, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    coral.unplug()
    assert not open_classifier(Settings()).on_edge_tpu
    assert caplog.text == ""


def test_off_is_off(coral: Coral, coral_bundle: Path) -> None:
    coral.does("crash")
    assert not opened(coral_bundle, "off").on_edge_tpu


@pytest.mark.usefixtures("coral")
def test_a_file_that_is_no_model(coral_bundle: Path) -> None:
    broken = replace(load_bundle(coral_bundle), edgetpu_model=b"no model" * 100)
    with pytest.raises(BundleError, match=r"c_edgetpu\.tflite: expected a TFLite model"):
        Classifier(broken, 1, open_delegate())


# The service


def test_a_gate_whose_accelerator_is_pulled_goes_on_and_says_so(
    serve: Serve, coral: Coral, coral_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_MODEL__BUNDLE", str(coral_bundle))
    served = serve("smile")
    served.wait_ready()
    assert (served.service.report()["model_on"], served.service.report()["warnings"]) == (
        "Edge TPU",
        [],
    )
    coral.does("lost")
    served.wait_for_frames(10)
    report = served.service.report()
    assert report["model_on"] == "CPU"
    assert [one[:20] for one in report["warnings"]] == ["the Edge TPU failed:"]
    assert "fault" not in served.events.names
    coral.does("well")
    served.reload()
    assert served.service.report()["model_on"] == "Edge TPU"
    assert served.service.report()["warnings"] == []


def test_a_reload_goes_on_with_the_one_that_is_in_use(
    serve: Serve, coral: Coral, coral_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMILE_GATE_MODEL__BUNDLE", str(coral_bundle))
    monkeypatch.setenv("SMILE_GATE_MODEL__EDGE_TPU", "usb")
    served = serve()
    served.wait_ready()
    coral.unplug()  # so a try in another process would fail, as it does while this one has it
    served.reload()
    assert served.service.report()["model_on"] == "Edge TPU"
    put(served.camera, "smile")
    wait_until(lambda: "fired" in served.events.names)


# Doctor


def test_doctor_tries_it(machine: Machine, coral: Coral, coral_bundle: Path) -> None:
    machine.more = f'[model]\nbundle = "{coral_bundle}"'
    good = machine.about("edge tpu")
    assert good.verdict == "good"
    assert good.words.startswith("BuildLabel(N/A), RuntimeVersion(14), self-test passed, ")
    gc.collect()  # as in a program of its own, which has no delegate open
    coral.does("crash")
    assert (machine.about("edge tpu").verdict, machine.about("model").verdict) == (
        "warning",
        "good",
    )
    machine.more += '\nedge_tpu = "off"'
    assert machine.about("edge tpu").words == "on USB, but model.edge_tpu is off"


def test_doctor_tries_it_once(
    machine: Machine,
    coral: Coral,  # noqa: ARG001
    coral_bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = edgetpu._run
    tried: list[str] = []

    def run_and_note(library: str) -> str:
        tried.append(library)
        return run(library)

    monkeypatch.setattr(edgetpu, "_run", run_and_note)
    machine.more = f'[model]\nbundle = "{coral_bundle}"'
    machine.all()
    assert tried == [edgetpu.LIBRARY]


def test_doctor_misses_a_model_for_it(machine: Machine, coral: Coral) -> None:  # noqa: ARG001
    found = machine.about("edge tpu")
    assert (found.verdict, "expected a model compiled" in found.words) == ("warning", True)
    assert "convert.quantize --edgetpu" in found.mend


def test_doctor_misses_one_only_where_it_is_insisted_on(machine: Machine, coral: Coral) -> None:
    coral.unplug()
    assert machine.about("edge tpu").words == "none on USB"
    machine.more = '[model]\nedge_tpu = "usb"'
    found = machine.about("edge tpu")
    assert (found.verdict, found.words) == ("bad", "model.edge_tpu is usb, got none there")
    assert "./install.sh --coral" in found.mend


@pytest.mark.parametrize(
    ("model_on", "words"),
    [({"model_on": "Edge TPU"}, "left to"), ({}, "left to"), ({"model_on": "CPU"}, "BuildLabel")],
)
def test_doctor_leaves_it_to_a_gate_that_uses_it(
    machine: Machine,
    running: dict[str, Any],
    coral: Coral,  # noqa: ARG001
    coral_bundle: Path,
    model_on: dict[str, str],
    words: str,
) -> None:
    running.update(model_on)
    machine.more = f'[model]\nbundle = "{coral_bundle}"'
    assert machine.about("edge tpu").words.startswith(words)
