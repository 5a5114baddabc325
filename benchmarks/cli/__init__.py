"""This room holds the verbs of ``python -m benchmarks``. Arguments come in; printed lines, JSON
files and an exit code go out.
"""
