"""The workstation's last step: a trained Keras model comes in, a bundle that the device runs goes
out. ``benchmarks`` uses what is named here; importing this package does not import TensorFlow.
"""

from convert.errors import ConvertError
from convert.tflite import float_tflite, load_model

__all__ = ["ConvertError", "float_tflite", "load_model"]
