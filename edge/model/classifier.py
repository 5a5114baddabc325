"""Scores how much a face smiles with the bundle's int8 model."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.errors import BundleError
from edge.model.bundle import Bundle, Quantization, self_test_pictures
from edge.model.crop import crop, scale
from edge.model.tflite import make_interpreter
from edge.values import Box, Face, Frame, Grey, SmileScore

Int8 = npt.NDArray[np.int8]

log = logging.getLogger(__name__)


class Classifier:
    """Runs a bundle's model: the CPU's, or the one compiled for the Edge TPU.

    When the Edge TPU fails, the classifier falls back to the CPU's model for good. Pictures are
    luma, uint8; scores are probabilities of a smile, 0.0 to 1.0.

    Args:
        bundle: a checked bundle.
        threads: CPU threads of the interpreter, from 1.
        delegate: of an Edge TPU, which then runs the compiled model.

    Attributes:
        manifest: the bundle's.
        on_edge_tpu: whether the Edge TPU runs the model now.
        edge_tpu_error: why the Edge TPU no longer runs the model; None if it does or never did.

    Raises:
        BundleError: the model can't be run, or is not what the manifest says.
        MissingPackageError: no TFLite runtime is installed.
    """

    TOLERANCE = 0.03
    """Of scores in a self-test: kernels for different processors round differently, by some of the
    output's 256 steps."""

    def __init__(self, bundle: Bundle, threads: int = 1, delegate: Any = None) -> None:
        self.manifest = bundle.manifest
        self.on_edge_tpu = delegate is not None
        self.edge_tpu_error: str | None = None
        self._bundle = bundle
        self._threads = threads
        if self.on_edge_tpu:
            self._open(self.manifest.edgetpu_model, bundle.edgetpu_model, [delegate])
        else:
            self._open(self.manifest.model, bundle.model)
        quantization = self.manifest.input.quantization
        levels = np.arange(256) / 255.0 / quantization.scale + quantization.zero_point
        self._to_int8 = np.clip(np.round(levels), -128, 127).astype(np.int8)

    def _open(self, name: str, model: bytes, delegates: Sequence[Any] = ()) -> None:
        self._path = self._bundle.folder / name
        try:
            self._interpreter = make_interpreter(model, self._threads, delegates)
        except (ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise BundleError(f"expected a TFLite model, got: {reason}", self._path) from error
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        spec, output = self.manifest.input, self.manifest.output
        self._check_tensor("input", self._input, (1, spec.height, spec.width, 1), spec.quantization)
        self._check_tensor("output", self._output, (1, 1), output.quantization)

    def _check_tensor(
        self, name: str, details: dict[str, Any], shape: tuple[int, ...], quantization: Quantization
    ) -> None:
        """Compare the model's input or output with the manifest."""
        got = f"{np.dtype(details['dtype']).name} {tuple(int(n) for n in details['shape'])}"
        if got != f"int8 {shape}":
            raise BundleError(f"expected {name} int8 {shape}, got {got}", self._path)
        scale_, zero_point = details["quantization"]
        expected = (quantization.scale, quantization.zero_point)
        if not math.isclose(scale_, expected[0], rel_tol=1e-6) or zero_point != expected[1]:
            reason = f"expected {name} quantization {expected}, got {(scale_, zero_point)}"
            raise BundleError(reason, self._path)

    def self_test(self) -> None:
        """Compare the scores of the self-test pictures with the bundle's.

        Raises:
            BundleError: a score differs by more than ``TOLERANCE``.
        """
        expected = self.manifest.self_test
        got = [self.infer(picture) for picture in self_test_pictures(self.manifest.input.width)]
        worst = max((abs(a - b) for a, b in zip(expected, got, strict=False)), default=0.0)
        if worst > self.TOLERANCE:
            raise BundleError(
                f"expected the scores of its self-test to within {self.TOLERANCE}, got one that is "
                f"{worst:.2f} off",
                self._path,
            )

    def score(self, frame: Frame, face: Face) -> SmileScore:
        """Score one face of a frame."""
        return SmileScore(face, self.score_box(frame.grey, face.box))

    def score_box(self, grey: Grey, box: Box) -> float:
        """Score the face in a box of a picture."""
        spec = self.manifest.input
        return self.score_pixels(crop(grey, box, size=spec.width, margin=spec.crop_margin))

    def score_whole(self, grey: Grey) -> float:
        """Score a picture of any size that is a face crop already."""
        return self.score_pixels(scale(grey, self.manifest.input.width))

    def score_pixels(self, pixels: Grey) -> float:
        """Score a model input, shape (height, width) of the manifest's input.

        The score is the mean of the picture's and its mirror image's: on validation pictures that
        is right more often than either alone, for a second inference.
        """
        return (self.infer(pixels) + self.infer(pixels[:, ::-1])) / 2

    def infer(self, pixels: Grey) -> float:
        """Run the model once on a model input; return its output."""
        values = self._to_int8[pixels][None, ..., None]
        try:
            value = self._invoke(values)
        except RuntimeError as error:
            if not self.on_edge_tpu:
                raise
            self._fall_back_to_cpu(str(error).partition("\n")[0])
            value = self._invoke(values)
        quantization = self.manifest.output.quantization
        return min(1.0, max(0.0, quantization.scale * (value - quantization.zero_point)))

    def _invoke(self, values: Int8) -> int:
        self._interpreter.set_tensor(self._input["index"], values)
        self._interpreter.invoke()
        return int(self._interpreter.get_tensor(self._output["index"])[0, 0])

    def _fall_back_to_cpu(self, reason: str) -> None:
        self.edge_tpu_error = f"the Edge TPU failed: {reason}"
        log.warning("%s; the model runs on the CPU", self.edge_tpu_error)
        self.on_edge_tpu = False
        self._open(self.manifest.model, self._bundle.model)
        self.self_test()
