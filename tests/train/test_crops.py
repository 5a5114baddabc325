from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from edge.cameras.image_file import decode_grey
from edge.model.crop import crop
from train.crops import cut, locate
from train.datasets import load


def test_faces_are_located_where_they_are_cut_out(tiny_sets: Path) -> None:
    pictures = [*load(tiny_sets, ["genki4k"])[:2], *load(tiny_sets, ["fer2013"])[:1]]
    black = cv2.imencode(".png", np.zeros((90, 90), np.uint8))[1].tobytes()
    blank = replace(pictures[0], data=black)
    crops = cut([*pictures, blank], size=64, margin=0.1)
    *faces, none = locate([*pictures, blank])
    assert none.box is None
    assert crops[-1].pixels is None
    for face, expected in zip(faces, crops, strict=False):
        assert face.box is not None
        assert expected.pixels is not None
        grey = decode_grey(face.picture.data, face.picture.name)
        margin = 0.0 if face.picture.is_crop else 0.1
        again = crop(grey, face.box, size=64, margin=margin)
        assert (again == expected.pixels).all()


def test_context_surrounds_the_models_view(tiny_sets: Path) -> None:
    pictures = load(tiny_sets, ["genki4k"])[:1]
    (plain,), (wide,) = (cut(pictures, size=64, margin=0.1, context=c) for c in (1.0, 1.25))
    assert plain.pixels is not None
    assert wide.pixels is not None
    assert wide.pixels.shape == (80, 80)
    assert np.abs(wide.pixels[8:72, 8:72].astype(int) - plain.pixels).mean() < 8
