"""The workstation's first step: labelled data sets come in and are cropped by the device's code.
Fitted Keras models go out, and the accuracy of a model on pictures that it was not fitted to.

``convert`` and ``benchmarks`` use what is named here; importing this package imports no Keras.
"""

from train.crops import Crop, Located, as_input, cut, locate
from train.datasets import DataError, Picture, Split, load, without_leaks
from train.evaluation import (
    Accuracy,
    Answer,
    accuracies,
    accuracy,
    answers_of,
    best_threshold,
    evaluate_bundle,
    middle_of_best,
)

__all__ = [
    "Accuracy",
    "Answer",
    "Crop",
    "DataError",
    "Located",
    "Picture",
    "Split",
    "accuracies",
    "accuracy",
    "answers_of",
    "as_input",
    "best_threshold",
    "cut",
    "evaluate_bundle",
    "load",
    "locate",
    "middle_of_best",
    "without_leaks",
]
