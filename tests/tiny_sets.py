from __future__ import annotations

import io
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.values import Grey

EMOTIONS = ("happy", "neutral", "sad")
USAGES = (("Training", "train"), ("PublicTest", "validation"), ("PrivateTest", "test"))


@pytest.fixture(scope="session")
def tiny_sets(tmp_path_factory: pytest.TempPathFactory, hopper: Grey, collins: Grey) -> Path:
    """Small sets with the layout of the real sets, made of the two portraits.

    genki4k.tar: 30 smiling, 20 not, the last two of each with equal pixels; SMILEsmileD: a folder
    of 20 + 20 crops; fer2013.tar: 4 crops of each emotion and usage.
    """
    root = tmp_path_factory.mktemp("sets")
    rng = np.random.default_rng(1)
    plain_face, smiling_face = hopper[103:329, 151:377], collins[64:163, 175:274]

    labels = [1] * 30 + [0] * 20
    pictures = [vary(collins[:300, 50:400] if smiles else hopper, 180, rng) for smiles in labels]
    pictures[29], pictures[49] = pictures[28], pictures[48]
    with tarfile.open(root / "genki4k.tar", "w") as tar:
        for number, picture in enumerate(pictures, 1):
            add(tar, f"genki4k/files/file{number:04}.jpg", picture)
        text = "\n".join(f"{label} 0.0 0.0 0.0" for label in labels).encode()
        put(tar, "genki4k/labels.txt", text)

    for side, face in (("positives", smiling_face), ("negatives", plain_face)):
        folder = root / "SMILEsmileD" / side / f"{side}7"
        folder.mkdir(parents=True)
        for number in range(20):
            cv2.imwrite(str(folder / f"{number}.jpg"), vary(face, 64, rng))

    with tarfile.open(root / "fer2013.tar", "w") as tar:
        for usage, split in USAGES:
            for emotion in EMOTIONS:
                face = smiling_face if emotion == "happy" else plain_face
                for number in range(4):
                    name = f"{split}/{emotion}/{usage}_{number}{len(emotion)}.jpg"
                    add(tar, name, vary(face, 48, rng))
    return root


def vary(picture: Grey, side: int, rng: np.random.Generator) -> Grey:
    """Return the picture scaled to a width, with a random shift, brightness and noise."""
    height = round(side * picture.shape[0] / picture.shape[1])
    small = cv2.resize(picture, (side, height), interpolation=cv2.INTER_AREA)
    shift = np.array([[1, 0, rng.uniform(-2, 2)], [0, 1, rng.uniform(-2, 2)]])
    moved = cv2.warpAffine(small, shift, (side, height), borderMode=cv2.BORDER_REPLICATE)
    lit = moved * rng.uniform(0.8, 1.2) + rng.normal(0, 2, moved.shape)
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def add(tar: tarfile.TarFile, name: str, picture: Grey) -> None:
    put(tar, name, cv2.imencode(".jpg", picture)[1].tobytes())


def put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))
