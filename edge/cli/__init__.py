"""The ``smile-gate`` command. In: arguments; out: an exit code, and one line for each error."""
