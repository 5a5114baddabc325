"""What acts on the world at a firing: pulses on pins, pictures, commands, keys, light and sound.

``Decision`` values and frames come in. Pin levels, files, processes and events about them go out.
"""
