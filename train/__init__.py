"""Workstation: data sets, recipes, fitting, evaluation.

``convert`` and ``benchmarks`` may use what this module names; importing it does not import
TensorFlow.
"""

from train.crops import Crop, Located, as_input, cut, locate
from train.datasets import DataError, Picture, Split, load, without_leaks
from train.evaluation import (
    Accuracy,
    Answer,
    accuracies,
    best_threshold,
    count_right,
    evaluate_bundle,
    middle_of_best,
    scores_of,
)
from train.saved import converted, float_tflite, load_model, single

__all__ = [
    "Accuracy",
    "Answer",
    "Crop",
    "DataError",
    "Located",
    "Picture",
    "Split",
    "accuracies",
    "as_input",
    "best_threshold",
    "converted",
    "count_right",
    "cut",
    "evaluate_bundle",
    "float_tflite",
    "load",
    "load_model",
    "locate",
    "middle_of_best",
    "scores_of",
    "single",
    "without_leaks",
]
