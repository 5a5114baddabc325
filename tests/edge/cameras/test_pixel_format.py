"""From every layout that OpenCV's captures give to a frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import simplejpeg
from numpy.typing import NDArray

from edge.cameras.pixel_format import to_frame
from edge.errors import FrameError

Raw = NDArray[Any]

# Blue, green, red, and what they are as luma, as Y, U and V from 16 to 235.
BGR = (40, 90, 200)
LUMA = 117
YUV = (117, 90, 182)


def bgr(height: int = 48, width: int = 64) -> Raw:
    return np.full((height, width, 3), BGR, np.uint8)


def bgra(height: int = 48, width: int = 64) -> Raw:
    return np.full((height, width, 4), (*BGR, 255), np.uint8)


def yuyv(height: int = 48, width: int = 64) -> Raw:
    y, u, v = YUV
    raw = np.full((height, width, 2), y, np.uint8)
    raw[:, 0::2, 1] = u
    raw[:, 1::2, 1] = v
    return raw


def jpeg(height: int = 48, width: int = 64) -> Raw:
    return cv2.imencode(".jpg", bgr(height, width))[1].reshape(1, -1)


@pytest.mark.parametrize("make", [bgr, bgra, yuyv, jpeg])
@pytest.mark.parametrize("size", [(48, 64), (16, 16)])
def test_every_layout_is_a_grey_picture_with_its_colours(make: Any, size: tuple[int, int]) -> None:
    frame = to_frame("camera", 3, 1.5, make(*size))
    assert (frame.index, frame.time) == (3, 1.5)
    assert frame.grey.shape == size
    assert frame.grey.dtype == np.uint8
    assert np.abs(frame.grey.astype(int) - LUMA).max() <= 2
    assert frame.picture.shape == (*size, 3)
    assert frame.picture.dtype == np.uint8
    assert np.abs(frame.picture.astype(int) - BGR).max() <= (16 if make is yuyv else 3)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (16, 16)])
def test_grey_is_taken_as_it_is(shape: tuple[int, ...]) -> None:
    raw = np.full(shape, LUMA, np.uint8)
    frame = to_frame("camera", 0, 0.0, raw)
    assert frame.grey.shape == shape[:2]
    assert np.shares_memory(frame.grey, raw)
    assert frame.main is None
    assert frame.picture is frame.grey


def test_colours_are_not_made_before_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = to_frame("camera", 0, 0.0, jpeg())
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_, **__: bgr(50, 60))
    assert frame.picture.shape == (50, 60, 3)


def test_a_webcams_jpeg_with_bytes_too_many_is_a_frame_and_no_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    raw = jpeg()
    frame = to_frame("camera", 0, 0.0, np.insert(raw, [raw.size - 2] * 3, 7, 1))
    assert np.abs(frame.grey.astype(int) - LUMA).max() <= 2
    assert frame.picture.shape == (48, 64, 3)
    assert capfd.readouterr().err == ""


def test_bgr_is_not_copied() -> None:
    raw = bgr()
    assert np.shares_memory(to_frame("camera", 0, 0.0, raw).picture, raw)


@pytest.mark.parametrize(
    "raw",
    [
        *[np.zeros(empty, np.uint8) for empty in ((0, 0), (0, 64, 3), (48, 0, 3), (1, 0))],
        *[np.zeros(small, np.uint8) for small in ((15, 64), (64, 15))],
        *[make(14, 64) for make in (bgr, bgra, yuyv, jpeg)],
        *[np.zeros((48, 64, channels), np.uint8) for channels in (0, 5)],
        *[np.zeros(shape, np.uint8) for shape in ((1, 48, 64, 3), (64,), ())],
        *[np.zeros((48, 64), dtype) for dtype in (np.uint16, np.bool_)],
        *[np.zeros((48, 64, 3), dtype) for dtype in (np.uint16, np.float32, np.int8)],
    ],
    ids=lambda raw: f"{raw.dtype}-{raw.shape}",
)
def test_what_is_no_picture_is_refused_with_what_it_is(raw: Raw) -> None:
    with pytest.raises(FrameError) as caught:
        to_frame("v4l2:0", 0, 0.0, raw)
    assert str(caught.value) == f"v4l2:0: expected a picture, got {raw.dtype} {raw.shape}"
    assert caught.value.source == "v4l2:0"


@pytest.mark.parametrize(
    ("raw", "got"),
    [
        (jpeg()[:, : jpeg().size // 2], "expected a whole image, got one cut short"),
        (jpeg()[:, :20], "expected a whole image, got one cut short"),
        (np.frombuffer(b"\xff\xd8garbage\xff\xd9", np.uint8)[None], "expected an image, got 11 b"),
        (np.full((1, 5000), 7, np.uint8), "expected an image, got 5000 bytes of something else"),
        (np.zeros((1, 1), np.uint8), "expected an image, got 1 bytes"),
    ],
)
def test_bytes_that_are_no_whole_jpeg_are_refused(raw: Raw, got: str) -> None:
    with pytest.raises(FrameError, match=f"^v4l2:0: {got}"):
        to_frame("v4l2:0", 0, 0.0, raw)
