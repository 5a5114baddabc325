"""The checks of ``smile-gate doctor``, each a function that looks at one thing.
Settings and ``Probes`` come in, the questions to the machine; a ``Finding`` or several go out."""
