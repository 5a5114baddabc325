from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.image_file import decode_grey, read_grey
from edge.errors import ImageError
from edge.model.crop import crop, scale
from edge.values import Box, Grey


@pytest.fixture
def ramp() -> Grey:
    """Each pixel's value is its column."""
    return np.tile(np.arange(200, dtype=np.uint8), (150, 1))


def test_crop_without_margin_is_the_box(ramp: Grey) -> None:
    assert np.array_equal(crop(ramp, Box(40, 30, 64, 64), size=64, margin=0.0), ramp[30:94, 40:104])


def test_margin_grows_each_side(ramp: Grey) -> None:
    grown = crop(ramp, Box(50, 50, 50, 50), size=60, margin=0.1)
    assert np.array_equal(grown, ramp[45:105, 45:105])


def test_the_longer_side_makes_the_square(ramp: Grey) -> None:
    assert np.array_equal(crop(ramp, Box(50, 50, 20, 40), size=40, margin=0.0), ramp[50:90, 40:80])


@pytest.mark.parametrize("box", [Box(-20, -20, 40, 40), Box(180, 130, 40, 40)])
def test_beyond_the_edge_its_pixels_repeat(ramp: Grey, box: Box) -> None:
    cut = crop(ramp, box, size=40, margin=0.0)
    columns = np.clip(np.arange(box.x, box.x + 40), 0, 199)
    assert np.array_equal(cut, np.tile(columns.astype(np.uint8), (40, 1)))


def test_shrinking_averages() -> None:
    stripes = np.zeros((128, 128), np.uint8)
    stripes[:, ::2] = 200
    assert np.all(scale(stripes, 64) == 100)


def test_read_turns_upright(tmp_path: Path) -> None:
    picture = np.zeros((20, 40), np.uint8)
    picture[:, 20:] = 255
    _, plain = cv2.imencode(".jpg", picture)
    # An APP1 segment with one TIFF tag, Orientation = 6: turn a quarter clockwise to view.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path = tmp_path / "turned.jpg"
    path.write_bytes(plain.tobytes()[:2] + segment + plain.tobytes()[2:])
    grey = read_grey(path)
    assert grey.shape == (40, 20)
    assert grey[:18].max() < 30
    assert grey[22:].min() > 225


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".pgm"])
def test_read_formats(tmp_path: Path, hopper: Grey, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    cv2.imwrite(str(path), hopper)
    assert np.abs(read_grey(path).astype(int) - hopper).mean() < 4


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"gone\.jpg: expected an image file, got: No such file"):
        read_grey(tmp_path / "gone.jpg")


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n" + b"0" * 9]
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^x: expected"):
        decode_grey(data, "x")


@pytest.mark.parametrize("tail", [b"\xff\xda movie", b"\xff\xd9", b"\0" * 99])
def test_what_phones_append_to_a_jpeg_is_no_damage(hopper: Grey, tail: bytes) -> None:
    _, whole = cv2.imencode(".jpg", hopper)
    assert decode_grey(whole.tobytes() + tail, "x").shape == hopper.shape


def test_fill_bytes_before_a_marker_are_no_damage(hopper: Grey) -> None:
    # Small: taken for a segment's length, fill bytes point past the end.
    data = cv2.imencode(".jpg", hopper[:64, :64])[1].tobytes()
    assert decode_grey(data[:2] + b"\xff\xff" + data[2:], "x").shape == (64, 64)


def test_a_thumbnails_end_is_not_the_pictures(hopper: Grey) -> None:
    whole, thumbnail = (cv2.imencode(".jpg", g)[1].tobytes() for g in (hopper, hopper[:32, :32]))
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    data = whole[:2] + segment + whole[2:]
    assert decode_grey(data, "x").shape == hopper.shape
    with pytest.raises(ImageError, match="got one cut short"):
        decode_grey(data[: len(data) // 2], "x")


def test_a_box_outside_the_picture_is_refused(ramp: Grey) -> None:
    with pytest.raises(ValueError, match="expected a box that overlaps the picture"):
        crop(ramp, Box(300, 10, 40, 40), size=64, margin=0.1)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_what_is_cut_short_is_refused(hopper: Grey, suffix: str, share: float) -> None:
    _, whole = cv2.imencode(suffix, hopper)
    data = whole.tobytes()
    with pytest.raises(ImageError, match=r"^x: expected"):
        decode_grey(data[: int(share * len(data))], "x")
