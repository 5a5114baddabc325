"""Workstation: data sets, recipes, fitting, evaluation.

``convert`` and ``benchmarks`` may use what this module names; importing it does not import
TensorFlow.
"""

from train.crops import Crop, as_input, cut
from train.datasets import DataError, Picture, load, without_leaks
from train.evaluation import Accuracy, accuracies, best_threshold, scores_of
from train.saved import converted, float_tflite, load_model, single

__all__ = [
    "Accuracy",
    "Crop",
    "DataError",
    "Picture",
    "accuracies",
    "as_input",
    "best_threshold",
    "converted",
    "cut",
    "float_tflite",
    "load",
    "load_model",
    "scores_of",
    "single",
    "without_leaks",
]
