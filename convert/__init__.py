"""Workstation: from a Keras model to a bundle that the device runs."""
