"""The on-device package: camera frames in, GPIO pulses out. See README.md."""
