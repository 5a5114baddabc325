"""The only code that acts on the world. In: ``Decision`` values; out: pulses, pictures, events."""
