"""Scores smiles. In: a bundle, then a ``Frame`` and a ``Face``; out: a ``SmileScore``."""
