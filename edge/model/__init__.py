"""Scores the smile of a face with the int8 TFLite model of a bundle, on the CPU or an Edge TPU.

A bundle, then a ``Frame`` and a ``Face`` of it come in; a ``SmileScore`` goes out.
"""
