"""Opens the model of the settings' bundle on the processor or the Edge TPU."""

from __future__ import annotations

import logging
from pathlib import Path

from edge.errors import BundleError, EdgeTpuError, SmileGateError
from edge.model.bundle import Bundle, load_bundle
from edge.model.classifier import Classifier
from edge.model.edgetpu import open_delegate, plugged_in
from edge.settings import Settings

log = logging.getLogger(__name__)


def open_classifier(settings: Settings) -> Classifier:
    """Open the model of the settings' bundle, where the settings want it, and try it.

    Raises:
        BundleError: there is no such model, or it does not work.
        EdgeTpuError: the settings insist on an Edge TPU, and there is none that works.
    """
    wish, threads = settings.model.edge_tpu, settings.model.threads
    bundle = load_bundle(Path(settings.model.bundle))
    if wish == "usb" or (wish == "auto" and (bundle.edgetpu_model or plugged_in())):
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
    """Open a bundle's compiled model on the Edge TPU, and try it.

    Raises:
        BundleError: the bundle has none, or it does not work.
        EdgeTpuError: there is no Edge TPU, or it can't be used.
    """
    if not bundle.edgetpu_model:
        raise BundleError(
            f"{bundle.folder}: expected a model compiled for the Edge TPU, got none", bundle.folder
        )
    classifier = Classifier(bundle, threads, open_delegate())
    classifier.self_test()
    if classifier.lost:
        raise EdgeTpuError(classifier.lost)
    return classifier
