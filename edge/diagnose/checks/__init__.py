"""The checks of ``smile-gate doctor``, each a function that looks at one thing.
Settings and ``Probes`` (the questions to the machine) come in; findings go out."""
