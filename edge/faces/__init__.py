"""Finds and follows faces. In: a ``Frame``; out: ``Face`` values, whose ids stay the same."""
