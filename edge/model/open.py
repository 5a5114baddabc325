"""Opens the model of the settings' bundle on the CPU or the Edge TPU."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.errors import BundleError, EdgeTpuError, SmileGateError
from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.edgetpu import EDGE_TPU
from edge.settings import Settings

log = logging.getLogger(__name__)


def open_classifier(settings: Settings) -> Classifier:
    """Open the bundle's model where ``model.edge_tpu`` wants it to run, and pass its self-test.

    Raises:
        BundleError: the model is missing, damaged, or fails its self-test.
        EdgeTpuError: the settings insist on an Edge TPU, and none works.
        MissingPackageError: no TFLite runtime is installed.
    """
    wish, threads = settings.model.edge_tpu, settings.model.threads
    bundle = load_bundle(Path(settings.model.bundle))
    if wish == "usb" or (wish == "auto" and (bundle.edgetpu_model or EDGE_TPU.usb_id())):
        try:
            classifier = open_on_edge_tpu(bundle, threads)
        except SmileGateError as error:
            if wish == "usb":
                raise
            log.info("%s; the model runs on the CPU", error)
        else:
            log.info("the model runs on the Edge TPU")
            return classifier
    classifier = Classifier(bundle, threads)
    classifier.self_test()
    return classifier


def open_on_edge_tpu(bundle: Bundle, threads: int) -> Classifier:
    """Open a bundle's compiled model on the Edge TPU, and pass its self-test.

    Raises:
        BundleError: the bundle has no compiled model, or it fails its self-test.
        EdgeTpuError: no Edge TPU is plugged in, or it can't be used.
        MissingPackageError: no TFLite runtime is installed.
    """
    if not bundle.edgetpu_model:
        raise BundleError("expected a model compiled for the Edge TPU, got none", bundle.folder)
    classifier = Classifier(bundle, threads, EDGE_TPU.open_delegate())
    classifier.self_test()
    if classifier.edge_tpu_error:
        raise EdgeTpuError(classifier.edge_tpu_error, EDGE_TPU.library)
    return classifier
