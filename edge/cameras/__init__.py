"""Where frames come from. In: the SPEC of a source; out: ``Frame`` values, pictures with times."""
