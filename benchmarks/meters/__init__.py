"""Power meters: the chips and counters that this machine can read, and a USB meter's CSV file.

The SPEC of a meter or the path of a file comes in; samples in watts go out, recorded and
integrated to joules.
"""
