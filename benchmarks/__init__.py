"""Benchmarks measure the device's path on the machine at hand, and how far it can be trusted. A
bundle and seeded scenes come in; reports with medians over windows, and the raw log, go out.
"""
