"""From every layout that OpenCV's captures give to a frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
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


def grey(height: int = 48, width: int = 64) -> Raw:
    return np.full((height, width), LUMA, np.uint8)


@pytest.mark.parametrize("make", [bgr, bgra, yuyv, jpeg])
def test_every_layout_is_a_grey_picture_with_its_colours(make: Any) -> None:
    frame = to_frame("camera", 3, 1.5, make())
    assert (frame.index, frame.time) == (3, 1.5)
    assert frame.grey.shape == (48, 64)
    assert frame.grey.dtype == np.uint8
    assert np.abs(frame.grey.astype(int) - LUMA).max() <= 2
    assert frame.picture.shape == (48, 64, 3)
    assert frame.picture.dtype == np.uint8
    assert np.abs(frame.picture.astype(int) - BGR).max() <= (16 if make is yuyv else 3)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1)])
def test_grey_is_taken_as_it_is(shape: tuple[int, ...]) -> None:
    raw = grey().reshape(shape)
    frame = to_frame("camera", 0, 0.0, raw)
    assert frame.grey.shape == (48, 64)
    assert np.shares_memory(frame.grey, raw)
    assert frame.main is None
    assert frame.picture is frame.grey


def test_colours_are_not_made_before_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = to_frame("camera", 0, 0.0, jpeg())
    monkeypatch.setattr(cv2, "imdecode", lambda *_: bgr(50, 60))
    assert frame.picture.shape == (50, 60, 3)


def test_bgr_is_not_copied() -> None:
    raw = bgr()
    assert np.shares_memory(to_frame("camera", 0, 0.0, raw).picture, raw)


@pytest.mark.parametrize("make", [grey, bgr, bgra, yuyv, jpeg])
@pytest.mark.parametrize(("height", "width", "good"), [(16, 16, True), (14, 64, False)])
def test_a_picture_has_at_least_16_px(make: Any, height: int, width: int, good: bool) -> None:
    if good:
        assert to_frame("camera", 0, 0.0, make(height, width)).grey.shape == (height, width)
    else:
        with pytest.raises(FrameError, match=r"^camera: expected a picture, got uint8 "):
            to_frame("camera", 0, 0.0, make(height, width))


@pytest.mark.parametrize(
    "raw",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 64, 3), np.uint8),
        np.zeros((48, 0, 3), np.uint8),
        np.zeros((1, 0), np.uint8),
        np.zeros((15, 64), np.uint8),
        np.zeros((64, 15), np.uint8),
        np.zeros((48, 64, 5), np.uint8),
        np.zeros((48, 64, 0), np.uint8),
        np.zeros((1, 48, 64, 3), np.uint8),
        np.zeros(64, np.uint8),
        np.zeros((), np.uint8),
        np.zeros((48, 64), np.uint16),
        np.zeros((48, 64, 3), np.uint16),
        np.zeros((48, 64, 3), np.float32),
        np.zeros((48, 64, 3), np.int8),
        np.zeros((48, 64), np.bool_),
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
