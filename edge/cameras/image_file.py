"""Reads image files and encoded images: undamaged ones of limited size.

OpenCV's decoders fill up what is damaged, and libjpeg and libpng print what they think of it. So
JPEG and PNG are checked before OpenCV decodes them. TIFF, BMP, WebP and PGM have no checksums: of
these only a missing end is an error.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from edge.errors import ImageError
from edge.regular_file import read_regular
from edge.values import Grey, Picture

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm"})
FOREIGN_SUFFIXES = frozenset({".heic", ".heif", ".avif", ".gif"})
"""Of images that people have, in formats that are refused."""

BOUND = "OPENCV_IO_MAX_IMAGE_PIXELS"
_bound = os.environ.get(BOUND, "")
MAX_PIXELS = int(_bound) if _bound.isdecimal() else 64_200_000
"""Larger pictures are not decoded. Set by the variable of the environment that OpenCV reads, too,
when it is loaded: the decoder that reads a header applies the bound to it."""
MAX_BYTES = 4 * MAX_PIXELS

JPEG = b"\xff\xd8"
PNG = b"\x89PNG\r\n\x1a\n"
OTHERS = (b"BM", b"RIFF", b"II*\0", b"MM\0*", *(b"P%d" % kind for kind in range(1, 7)))
BRANDS = {
    **dict.fromkeys([b"heic", b"heix", b"hevc", b"mif1", b"msf1"], "HEIC"),
    **dict.fromkeys([b"avif", b"avis"], "AVIF"),
}


def read_grey(path: Path) -> Grey:
    """Read an image file as grey, turned upright by its EXIF orientation.

    Returns:
        uint8 luma, shape (height, width).

    Raises:
        ImageError: the file is missing or no regular file, the image is damaged, larger than
            ``MAX_PIXELS``, or in another format than JPEG, PNG, BMP, WebP, TIFF and PGM.
    """
    return decode_grey(_read(path), path)


def read_colour(path: Path) -> Picture:
    """Read an image file as BGR, turned upright as ``read_grey`` does.

    Raises:
        ImageError: as for ``read_grey``.
    """
    return _decode(_read(path), path, cv2.IMREAD_COLOR)


def decode_grey(data: bytes, path: str | Path) -> Grey:
    """Decode an encoded image (JPEG, PNG, ...) to grey; ``path`` only names it in errors.

    Raises:
        ImageError: as for ``read_grey``.
    """
    return _decode(data, path, cv2.IMREAD_GRAYSCALE)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_BYTES)
    except OSError as error:
        raise ImageError(f"{path}: expected an image file, got: {error.strerror}", path) from error


def _decode(data: bytes, path: str | Path, flag: int) -> Picture:
    if data.startswith(JPEG):
        _check_jpeg(data, path)
    elif data.startswith(PNG):
        data = _without_comments(data, path)
    elif name := _foreign(data):
        raise ImageError(
            f"{path}: expected an image as JPEG, PNG, BMP, WebP, TIFF or PGM, "
            f"got {name}: convert it first",
            path,
        )
    pixels = None
    if data.startswith((JPEG, PNG, *OTHERS)):
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
        except cv2.error as error:
            if error.func == "validateInputImageSize":
                raise _too_large(path, "more") from error
    if pixels is None:
        raise ImageError(
            f"{path}: expected an image, got {len(data)} bytes of something else", path
        )
    return np.asarray(pixels, np.uint8)


def _foreign(data: bytes) -> str:
    """Return the name of a format that only some builds of OpenCV read; empty for any other."""
    if data.startswith(b"GIF8"):
        return "GIF"
    return BRANDS.get(data[8:12], "") if data[4:8] == b"ftyp" else ""


def _check_jpeg(data: bytes, path: str | Path) -> None:
    """Check a JPEG's size, and its codes by decoding it at an eighth of its size."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if height * width <= MAX_PIXELS:
            to = "CMYK" if colours in {"CMYK", "YCCK"} else "Gray"
            simplejpeg.decode_jpeg(data, to, min_height=1, min_width=1, min_factor=8)
            return
    except ValueError as error:
        raise ImageError(f"{path}: expected an image, got a damaged JPEG: {error}", path) from error
    raise _too_large(path, f"{height * width / 1e6:.0f}")


def _without_comments(data: bytes, path: str | Path) -> bytes:
    """Check the chunks of a PNG; return it with those that pixels and orientation need. The gamma
    would change greys, and libpng prints a warning for many a colour profile."""
    kept, kind, at = [PNG], b"", len(PNG)
    while kind != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        sums = zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big")
        if data[end - 4 : end] != sums:
            raise ImageError(f"{path}: expected an image, got a damaged PNG", path)
        if kind[:1].isupper() or kind == b"eXIf":
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _too_large(path: str | Path, got: str) -> ImageError:
    bound = f"{MAX_PIXELS / 1e6:.0f} megapixels ({BOUND})"
    return ImageError(f"{path}: expected at most {bound}, got {got}", path)


def list_images(folder: Path) -> list[Path]:
    """Return the image files directly in a folder, sorted by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
