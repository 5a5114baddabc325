"""Keeps the pipeline running. In: settings, signals, questions; out: events, a status, a log."""
