"""The ``smile-gate`` command: a family of verbs with their arguments in each module.
The command line comes in; an exit code, results on stdout and one line for an error go out."""
