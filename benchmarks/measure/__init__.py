"""This room times and counts the way from a frame to a pin. Seeded scenes, a model bundle and a
power meter come in; timings and figures, the parts of a ``Report``, go out.
"""
