"""Proposes thresholds for a place from scores of a person who does not smile, then smiles."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import tomlkit
from tomlkit.exceptions import TOMLKitError

from edge.atomic_file import written
from edge.cameras.camera import Camera
from edge.errors import CalibrationError, ConfigError
from edge.faces.tracker import FaceTracker
from edge.model.classifier import Classifier
from edge.settings.load import load_configuration

FEWEST = 10  # scores of each kind for a proposal
SMALLEST_GAP = 0.2  # between the two distributions for a proposal
BINS = 20
BAR = 40


def collect(
    camera: Camera,
    faces: FaceTracker,
    classifier: Classifier,
    *,
    seconds: float,
    pause_s: float,
    say: Callable[[str], None],
    passed: Callable[[float], object] = lambda _: None,
) -> tuple[list[float], list[float]]:
    """Score the main face of each frame, first while it does not smile, then while it smiles.

    Args:
        camera: live or recorded; the time is that of its frames.
        faces: detects and tracks the faces.
        classifier: scores the faces.
        seconds: length of each part.
        pause_s: time between the two parts, whose frames are not scored.
        say: tells the person in front of the camera what to do.
        passed: is called at each frame with the seconds since the first.

    Returns:
        The scores of the neutral and of the smiling part.

    Raises:
        CameraError: the source failed.
        CalibrationError: too few frames have a face.
    """
    neutral: list[float] = []
    smile: list[float] = []
    say(f"Look at the camera and do not smile, for {seconds:g} s.")
    began: float | None = None
    prompted = False
    while (frame := camera.read()) is not None:
        with frame:
            began = frame.time if began is None else began
            time = frame.time - began
            passed(time)
            if time >= seconds and not prompted:
                prompted = True
                say(f"Now smile, for {seconds:g} s.")
            if seconds <= time < seconds + pause_s:
                continue
            if time >= 2 * seconds + pause_s:
                break
            for face in faces.find(frame)[:1]:
                part = neutral if time < seconds else smile
                part.append(classifier.score(frame, face).score)
    for name, part in (("without", neutral), ("with", smile)):
        if len(part) < FEWEST:
            raise CalibrationError(
                f"expected a face in at least {FEWEST} frames {name} a smile, got {len(part)}"
            )
    return neutral, smile


def propose(neutral: Sequence[float], smile: Sequence[float]) -> tuple[float, float]:
    """Return ``threshold_on`` and ``threshold_off``: 80 % and 40 % of the way from the 95th
    percentile of the neutral scores to the 5th of the smiling scores. Neutral scores of 0 and
    smiling scores of 1 give the defaults.

    Raises:
        CalibrationError: the gap between the two is too small.
    """
    high = float(np.percentile(neutral, 95))
    low = float(np.percentile(smile, 5))
    if low - high < SMALLEST_GAP - 1e-9:
        raise CalibrationError(
            f"expected smiles to score at least {SMALLEST_GAP} above neutral faces, got {low:.2f} "
            f"(5 % of smiles are below) and {high:.2f} (5 % of neutral faces are above): more "
            "light from the front, or a larger face, may help"
        )
    return round(high + 0.8 * (low - high), 2), round(high + 0.4 * (low - high), 2)


def plot(neutral: Sequence[float], smile: Sequence[float]) -> list[str]:
    """Return two histograms side by side as lines of text; the score grows from line to line."""
    parts = [np.clip(scores, 0.0, 1.0) for scores in (neutral, smile)]
    counts = np.array([np.histogram(part, BINS, (0.0, 1.0))[0] for part in parts])
    lengths = -(-counts * BAR // counts.max())  # rounded up: a single score is seen
    lines = [f"score  {'not smiling':{BAR}}  smiling"]
    for index, (left, right) in enumerate(lengths.T):
        lines.append(f"{index / BINS:5.2f}  {'#' * left:{BAR}}  {'#' * right}".rstrip())
    return lines


def write(path: Path, threshold_on: float, threshold_off: float) -> None:
    """Put thresholds into a configuration file; everything else in it stays as it is.

    Raises:
        ConfigError: the file is not valid or can't be written; it stays as it is.
    """
    path = path.resolve()  # a link stays a link: its target is replaced
    load_configuration(path)
    thresholds = {"threshold_on": threshold_on, "threshold_off": threshold_off}
    try:
        before = path.read_bytes()
        mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
        text = before.removeprefix(mark).decode()
        _replace(path, mark + _with_thresholds(text, thresholds).encode())
    except (OSError, TOMLKitError) as error:
        raise ConfigError(f"expected a file to write to, got: {error}", origin=path) from error


def _with_thresholds(text: str, thresholds: Mapping[str, float]) -> str:
    document = tomlkit.parse(text)
    trigger = document.setdefault("trigger", tomlkit.table())
    missing = ""
    header = re.search(r"^[ \t]*\[[ \t]*trigger[ \t]*\][^\r\n]*(\r?\n)", text, re.MULTILINE)
    for key, value in thresholds.items():
        if key in trigger or header is None:
            trigger[key] = value
        else:
            # tomlkit would put it below the comment that belongs to the next table.
            missing += f"{key} = {value}{header[1]}"
    changed = tomlkit.dumps(document)
    return changed.replace(header[0], header[0] + missing, 1) if header is not None else changed


def _replace(path: Path, data: bytes) -> None:
    """Replace a configuration file, with its owner and mode, if the new contents are valid."""
    before = path.stat()
    with written(data, path.parent, f".{path.name}.") as new:
        new.chmod(stat.S_IMODE(before.st_mode))
        with suppress(PermissionError):
            os.chown(new, before.st_uid, before.st_gid)
        try:
            load_configuration(new)
        except ConfigError as error:
            raise error.at(origin=path if error.origin == new else "") from error
        new.rename(path)
