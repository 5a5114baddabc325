"""What must never fail. In: a number of tries; out: how many broke a rule."""
