"""Augmentation of training crops: what cameras, light and inexact face boxes do to a face."""

from __future__ import annotations

import cv2
import numpy as np

from edge.values import Grey


def augment(crop: Grey, size: int, rng: np.random.Generator) -> Grey:
    """Return an augmented copy of a face crop.

    In this order: a mirror image (half of the time); rotation up to 15 degrees, scale 0.88-1.15
    and a shift up to 8 % in one warp; lower resolution or blur; gamma, contrast and brightness;
    sensor noise; a grey patch over a part of the face.

    Args:
        crop: uint8 luma, shape (n, n), with ``n >= size``; pixels beyond ``size`` are context
            around the model's view, so that a rotated crop has no empty corners.
        size: side of the result in pixels.
        rng: source of randomness.

    Returns:
        uint8 luma, shape (size, size).
    """
    side = crop.shape[0]
    warp = cv2.getRotationMatrix2D(
        ((side - 1) / 2, (side - 1) / 2), rng.normal(0.0, 7.0), rng.uniform(0.88, 1.15)
    )
    warp[:, 2] += (size - side) / 2 + rng.uniform(-0.08, 0.08, 2) * size
    if rng.random() < 0.5:
        crop = np.ascontiguousarray(crop[:, ::-1])
    out = cv2.warpAffine(
        crop, warp, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    quality = rng.random()
    if quality < 0.2:
        small = int(rng.uniform(0.3, 0.8) * size)
        out = cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA)
        out = cv2.resize(out, (size, size), interpolation=cv2.INTER_LINEAR)
    elif quality < 0.3:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.2))
    values = (np.arange(256) / 255.0) ** np.exp(rng.normal(0.0, 0.3))
    values = (values - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.uniform(-0.15, 0.15)
    out = cv2.LUT(out, np.clip(values * 255.0, 0, 255).astype(np.uint8))
    if rng.random() < 0.4:
        noise = rng.standard_normal((size, size), np.float32) * np.float32(rng.uniform(2, 12))
        out = np.clip(out + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        height, width = rng.integers(size // 8, size // 3, 2)
        top, left = rng.integers(0, size - height), rng.integers(0, size - width)
        out = out.copy()
        out[top : top + height, left : left + width] = rng.integers(0, 256)
    return np.asarray(out, np.uint8)
