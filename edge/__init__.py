"""The on-device package: camera frames in, GPIO pulses out. See README.md."""

import os

# OpenCV reads it when it is loaded, and decodes no larger picture: those of a camera that is sold
# with 64 megapixels have up to 64.2.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "64200000")
