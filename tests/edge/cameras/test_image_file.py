from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.image_file import decode_grey, read_grey
from edge.errors import ImageError
from edge.values import Grey


def jpeg(picture: Grey) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def with_app1(data: bytes, payload: bytes) -> bytes:
    """A JPEG with an APP1 segment, which holds EXIF tags or a thumbnail."""
    segment = b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload
    return data[:2] + segment + data[2:]


def test_a_picture_is_turned_upright_by_its_orientation(tmp_path: Path) -> None:
    picture = np.zeros((20, 40), np.uint8)
    picture[:, 20:] = 255
    # One TIFF tag, Orientation = 6: turn a quarter clockwise to view.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_app1(jpeg(picture), exif))
    grey = read_grey(path)
    assert grey.shape == (40, 20)
    assert grey[:18].max() < 30
    assert grey[22:].min() > 225


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".pgm"])
def test_each_format_is_read(tmp_path: Path, hopper: Grey, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    cv2.imwrite(str(path), hopper)
    assert np.abs(read_grey(path).astype(int) - hopper).mean() < 4


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.jpg: expected an image file, got: No such file"):
        read_grey(tmp_path / "gone.jpg")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n" + b"0" * 9]
)
def test_bytes_that_are_no_image_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^x: expected"):
        decode_grey(data, "x")


@pytest.mark.parametrize("tail", [b"\xff\xda movie", b"\xff\xd9", b"\0" * 99])
def test_what_phones_append_to_a_jpeg_is_no_damage(hopper: Grey, tail: bytes) -> None:
    assert decode_grey(jpeg(hopper) + tail, "x").shape == hopper.shape


def test_fill_bytes_before_a_marker_are_no_damage(hopper: Grey) -> None:
    # Small: taken for a segment's length, fill bytes point past the end.
    data = jpeg(hopper[:64, :64])
    assert decode_grey(data[:2] + b"\xff\xff" + data[2:], "x").shape == (64, 64)


def test_a_thumbnails_end_is_not_the_pictures(hopper: Grey) -> None:
    data = with_app1(jpeg(hopper), jpeg(hopper[:32, :32]))
    assert decode_grey(data, "x").shape == hopper.shape
    with pytest.raises(ImageError, match="got one cut short"):
        decode_grey(data[: len(data) // 2], "x")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_an_image_that_is_cut_short_is_refused(hopper: Grey, suffix: str, share: float) -> None:
    data = cv2.imencode(suffix, hopper)[1].tobytes()
    with pytest.raises(ImageError, match=r"^x: expected"):
        decode_grey(data[: int(share * len(data))], "x")
