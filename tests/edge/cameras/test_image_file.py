from __future__ import annotations

import os
import subprocess
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.image_file import decode_grey, read_colour, read_grey
from edge.errors import ImageError
from edge.values import Grey, Picture
from tests.edge.cli.commands import command

# One TIFF tag, Orientation = 6: turn a quarter clockwise to view.
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"


def crc(chunk: bytes) -> bytes:
    return zlib.crc32(chunk).to_bytes(4, "big")


def jpeg(picture: Picture) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def with_app1(data: bytes, payload: bytes) -> bytes:
    """A JPEG with an APP1 segment, which holds EXIF tags or a thumbnail."""
    segment = b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload
    return data[:2] + segment + data[2:]


def test_a_picture_is_turned_upright_by_its_orientation(tmp_path: Path) -> None:
    picture = np.zeros((20, 40), np.uint8)
    picture[:, 20:] = 255
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_app1(jpeg(picture), TURNED))
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
    with pytest.raises(ImageError, match="got a damaged JPEG: Premature end of JPEG file"):
        decode_grey(data[: len(data) // 2], "x")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".pgm"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_an_image_that_is_cut_short_is_refused(hopper: Grey, suffix: str, share: float) -> None:
    data = cv2.imencode(suffix, hopper)[1].tobytes()
    with pytest.raises(ImageError, match=r"^x: expected"):
        decode_grey(data[: int(share * len(data))], "x")


@pytest.mark.parametrize(
    ("suffix", "options"),
    [(".jpg", []), (".jpg", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]), (".png", [])],
)
def test_damage_in_the_middle_is_an_error_in_one_line(
    hopper: Grey, suffix: str, options: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(cv2.imencode(suffix, hopper, options)[1])
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(range(40))
    with pytest.raises(ImageError, match=r"^x: expected an image, got a damaged (JPEG|PNG)"):
        decode_grey(bytes(data), "x")
    assert capfd.readouterr().err == ""


def test_a_png_has_the_same_greys_with_and_without_a_gamma(
    hopper: Grey, capfd: pytest.CaptureFixture[str]
) -> None:
    data = cv2.imencode(".png", cv2.cvtColor(hopper, cv2.COLOR_GRAY2BGR))[1].tobytes()
    comments = [(b"gAMA", (45455).to_bytes(4, "big")), (b"iCCP", b"libpng warns of this")]
    for kind, body in comments:
        chunk = kind + body
        data = data[:33] + len(body).to_bytes(4, "big") + chunk + crc(chunk) + data[33:]
    assert np.abs(decode_grey(data, "x").astype(int) - hopper).max() <= 1
    assert capfd.readouterr().err == ""


def test_a_jpeg_for_print_is_read(hopper: Grey, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(hopper).convert("CMYK").save(tmp_path / "x.jpg")
    assert np.abs(read_grey(tmp_path / "x.jpg").astype(int) - hopper).mean() < 4


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"GIF89a", "GIF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"\0\0\0\x18ftypmif1", "HEIC"),
        (b"\0\0\0\x18ftypavif", "AVIF"),
    ],
)
def test_formats_that_opencv_may_not_know_are_named(data: bytes, got: str) -> None:
    with pytest.raises(ImageError, match=rf"TIFF or PGM, got {got}: convert it first$"):
        decode_grey(data, "x")


def test_colours_are_as_upright_as_the_greys(tmp_path: Path) -> None:
    picture = np.zeros((20, 40, 3), np.uint8)
    picture[:, 20:] = (250, 0, 0)
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_app1(jpeg(picture), TURNED))
    colours = read_colour(path)
    assert colours.shape == (40, 20, 3)
    assert np.abs(colours[30, 10].astype(int) - (250, 0, 0)).max() < 5


def with_size(suffix: str, side: int) -> bytes:
    """A small picture whose header says that its sides are ``side`` pixels long."""
    data = bytearray(cv2.imencode(suffix, np.zeros((16, 16), np.uint8))[1])
    if suffix == ".jpg":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = side.to_bytes(2, "big") * 2
    elif suffix == ".png":
        data[16:24] = side.to_bytes(4, "big") * 2
        data[29:33] = crc(bytes(data[12:29]))
    else:
        data[18:26] = side.to_bytes(4, "little") * 2
    return bytes(data)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
@pytest.mark.parametrize(("variable", "megapixels"), [(None, 64), ("100000000", 100)])
def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path: Path, suffix: str, variable: str | None, megapixels: int
) -> None:
    path = tmp_path / f"bomb{suffix}"
    path.write_bytes(with_size(suffix, 30_000))
    set_to = {} if variable is None else {"OPENCV_IO_MAX_IMAGE_PIXELS": variable}
    done = subprocess.run(
        command("classify", "--whole-image", path),
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | set_to,
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert f"expected at most {megapixels} megapixels (OPENCV_IO_MAX_IMAGE_PIXELS), got" in line
