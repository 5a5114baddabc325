"""What is timed and counted. In: scenes, a bundle, a meter; out: the parts of a ``Report``."""
