from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory

from edge.diagnose.calibrate import BAR, BINS, collect, plot, propose, write
from edge.errors import CalibrationError, ConfigError
from edge.settings.load import load_configuration
from edge.values import Box, Face, Frame, SmileScore


@pytest.mark.parametrize(
    ("neutral", "smile", "expected"),
    [
        ([0.0] * 20, [1.0] * 20, (0.8, 0.4)),
        ([0.2] * 20, [0.7] * 20, (0.6, 0.4)),
        ([0.1] * 20, [0.3] * 20, (0.26, 0.18)),
        ([0.0] * 99 + [1.0], [1.0] * 99 + [0.0], (0.8, 0.4)),  # single outliers
        (np.linspace(0.0, 0.2, 101), np.linspace(0.8, 1.0, 101), (0.69, 0.44)),
    ],
)
def test_thresholds_lie_between_the_two(
    neutral: list[float], smile: list[float], expected: tuple[float, float]
) -> None:
    assert propose(neutral, smile) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("neutral", "smile", "got"),
    [
        ([0.5] * 20, [0.6] * 20, "0.60 (5 % of smiles are below) and 0.50"),
        ([0.9] * 20, [0.1] * 20, "0.10 (5 % of smiles are below) and 0.90"),
        ([0.0] * 90 + [1.0] * 10, [1.0] * 100, "1.00 (5 % of smiles are below) and 1.00"),
        ([0.0] * 100, [0.0] * 10 + [1.0] * 90, "0.00 (5 % of smiles are below) and 0.00"),
    ],
)
def test_what_overlaps_is_refused(neutral: list[float], smile: list[float], got: str) -> None:
    with pytest.raises(CalibrationError, match=r"at least 0\.2 above neutral faces") as caught:
        propose(neutral, smile)
    assert f"got {got}" in str(caught.value)


def test_a_plot_has_a_line_for_each_bin() -> None:
    lines = plot([0.0, 0.04, 0.06, 0.5], [0.5, 0.97, 1.0, 1.0, 1.0, 1.0])
    assert len(lines) == 1 + BINS
    assert lines[0].split() == ["score", "not", "smiling", "smiling"]
    assert [line[:5] for line in lines[1:]] == [f"{index / 20:5.2f}" for index in range(20)]
    assert [line for line in lines if len(line) != 5][1:] == [
        f" 0.00  {'#' * 16}",
        f" 0.05  {'#' * 8}",
        f" 0.50  {'#' * 8:{BAR}}  {'#' * 8}",
        f" 0.95  {'':{BAR}}  {'#' * BAR}",
    ]
    assert lines[0].rindex("smiling") == lines[-1].index("#")


def test_a_single_score_among_many_is_still_seen() -> None:
    lines = plot([0.1] * 999 + [0.3], [0.9])
    assert [line.count("#") for line in lines if "#" in line] == [BAR, 1, 1]


class TwoFaces:
    """Camera, detector and classifier in one; a face's score is the frame's time."""

    def __init__(self, start: float, seconds: float, seen: Callable[[float], bool]) -> None:
        self.times = iter([start + index / 10 for index in range(round(seconds * 10))])
        self.start = start
        self.seen = seen
        self.spoken: list[str] = []

    def read(self) -> Frame | None:
        time = next(self.times, None)
        return None if time is None else Frame(0, time, np.zeros((8, 8), np.uint8))

    def find(self, frame: Frame) -> list[Face]:
        faces = [Face(number, Box(0, 0, 8, 8), 1.0) for number in (1, 2)]
        return faces if self.seen(frame.time - self.start) else []

    def score(self, frame: Frame, face: Face) -> SmileScore:
        return SmileScore(face, round(frame.time - self.start + 100 * (face.id - 1), 1))


def collect_from(faces: Any) -> tuple[list[float], list[float]]:
    return collect(faces, faces, faces, seconds=2.0, pause_s=0.55, say=faces.spoken.append)


@pytest.mark.parametrize("start", [0.0, 98765.0])
def test_the_pause_and_other_faces_are_not_looked_at(start: float) -> None:
    faces = TwoFaces(start, 60.0, lambda _: True)
    neutral, smile = collect_from(faces)
    assert neutral == [index / 10 for index in range(20)]
    assert smile == [index / 10 for index in range(26, 46)]
    assert faces.spoken == ["Look at the camera and do not smile, for 2 s.", "Now smile, for 2 s."]


@pytest.mark.parametrize(
    ("seconds", "seen", "message"),
    [
        (9.0, lambda time: time > 1.05, "in at least 10 frames without a smile, got 9"),
        (9.0, lambda time: time < 3.45, "in at least 10 frames with a smile, got 9"),
        (9.0, lambda _: False, "in at least 10 frames without a smile, got 0"),
        (2.3, lambda _: True, "in at least 10 frames with a smile, got 0"),
        (0.0, lambda _: True, "in at least 10 frames without a smile, got 0"),
    ],
)
def test_too_few_faces_are_refused(
    seconds: float, seen: Callable[[float], bool], message: str
) -> None:
    with pytest.raises(CalibrationError, match=message):
        collect_from(TwoFaces(0.0, seconds, seen))


COMMENTED = """\
# My booth, 2024 (ü): do not touch!

[outputs.photo]   # at the door
kind='shutter'
pin   = 17

  [trigger]
  threshold_off = 0.2# far below
  hold_s = 0.50        # as tried out

  threshold_on=9e-1\t# above

[camera]
source = "demo"  # for now
#fps = 15
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "smile-gate.toml"


def refused(file: Path, threshold_on: float = 0.83, threshold_off: float = 0.41) -> ConfigError:
    """Return the error of thresholds that are not written; the file stays, and stays alone."""
    before = file.read_text()
    with pytest.raises(ConfigError) as caught:
        write(file, threshold_on, threshold_off)
    assert file.read_text() == before
    assert list(file.parent.iterdir()) == [file]
    return caught.value


def test_all_but_the_thresholds_stays_as_it_is(file: Path) -> None:
    file.write_text(COMMENTED)
    write(file, 0.83, 0.41)
    expected = COMMENTED.replace("= 0.2#", "= 0.41#").replace("=9e-1\t", "=0.83\t")
    assert file.read_text() == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[trigger]\nON\nOFF\n"),
        ("[trigger]\n", "[trigger]\nON\nOFF\n"),
        ("[trigger]\nhold_s = 1 # s", "[trigger]\nON\nOFF\nhold_s = 1 # s"),
        ("[trigger]\nthreshold_off = 0.1\n", "[trigger]\nON\nthreshold_off = 0.41\n"),
        ("[camera]\nfps = 20\n# end\n", "[camera]\nfps = 20\n# end\n\n[trigger]\nON\nOFF\n"),
        ("[camera]\nfps = 20", "[camera]\nfps = 20\n[trigger]\nON\nOFF\n"),
        (
            "[trigger] # t\r\nhold_s = 1\r\n\r\n# the eye\r\n[camera]\r\nfps = 20\r\n",
            "[trigger] # t\r\nON\r\nOFF\r\nhold_s = 1\r\n\r\n# the eye\r\n[camera]\r\nfps = 20\r\n",
        ),
        (
            "trigger.hold_s = 1\ncamera.fps = 20\ntrigger.who = 'all'\n",
            "trigger.hold_s = 1\ntrigger.ON\ntrigger.OFF\ncamera.fps = 20\ntrigger.who = 'all'\n",
        ),
        (
            "trigger.threshold_on = 0.9 # a\ntrigger.threshold_off = 0.1 # b\n",
            "trigger.ON # a\ntrigger.OFF # b\n",
        ),
        ("trigger = {hold_s = 1} # s\n", "trigger = {hold_s = 1,ON,OFF} # s\n"),
        ("trigger = { threshold_on = 0.9, threshold_off = 0.1 }\n", "trigger = { ON, OFF }\n"),
    ],
)
def test_thresholds_find_their_place(file: Path, before: str, after: str) -> None:
    file.write_bytes(before.encode())
    write(file, 0.83, 0.41)
    written = file.read_bytes().decode()
    expected = after.replace("ON", "threshold_on = 0.83").replace("OFF", "threshold_off = 0.41")
    assert re.sub(r", ?", ",", written) == re.sub(r", ?", ",", expected)
    trigger = tomllib.loads(before).get("trigger", {})
    values = {**trigger, "threshold_on": 0.83, "threshold_off": 0.41}
    assert tomllib.loads(written) == {**tomllib.loads(before), "trigger": values}


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_mode_and_owner_stay_as_they_are(file: Path, mode: int) -> None:
    file.touch()
    file.chmod(mode)
    if os.geteuid() == 0:  # only root may give files away
        os.chown(file, 1000, 1000)
    before = file.stat()
    write(file, 0.83, 0.41)
    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


def test_the_file_behind_a_link_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    behind = tmp_path / "there" / "real.toml"
    behind.write_text("# mine\n")
    link = tmp_path / "link.toml"
    link.symlink_to(Path("there") / "real.toml")
    write(link, 0.83, 0.41)
    assert link.is_symlink()
    assert behind.read_text().startswith("# mine\n")
    assert tomllib.loads(behind.read_text())["trigger"]["threshold_on"] == 0.83
    assert list(behind.parent.iterdir()) == [behind]


@pytest.mark.parametrize(
    "text",
    ["[trigger", "[trigger]\nhold_s = 99\n", "[triger]\n", "trigger = 3\n", "a = 1\na = 2\n"],
)
def test_a_file_with_an_error_is_refused_and_left_as_it_was(file: Path, text: str) -> None:
    file.write_text(text)
    assert str(refused(file)).startswith(f"{file}: ")


def test_thresholds_that_contradict_name_the_file_and_not_a_temporary_one(file: Path) -> None:
    file.touch()
    error = refused(file, 0.3, 0.5)
    assert (error.origin, error.key) == (file, "trigger.threshold_off")
    assert str(error).startswith(f"{file}: trigger.threshold_off: expected at most ")


def test_a_contradicting_environment_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("[trigger]\nthreshold_off = 0.3\n")
    monkeypatch.setenv("SMILE_GATE_TRIGGER__THRESHOLD_ON", "0.5")
    message = str(refused(file, 0.9, 0.55))
    assert re.match(r"SMILE_GATE_TRIGGER__THRESHOLD_ON: .*got 0\.55", message)


def test_a_byte_order_mark_stays(file: Path) -> None:
    file.write_text(COMMENTED, encoding="utf-8-sig")
    write(file, 0.83, 0.41)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert load_configuration(file).settings.trigger.threshold_on == 0.83


def test_a_missing_file_is_not_made(file: Path) -> None:
    with pytest.raises(ConfigError, match="expected a TOML file, got: No such file"):
        write(file, 0.83, 0.41)
    assert not file.exists()


@pytest.mark.parametrize(
    ("step", "number", "reason"),
    [
        ("tempfile.mkstemp", errno.EACCES, "Permission denied"),  # a read-only folder
        ("os.fsync", errno.ENOSPC, "No space left on device"),
        ("pathlib.Path.rename", errno.EBUSY, "Device or resource busy"),
    ],
)
def test_what_cannot_be_written_is_left_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, reason: str
) -> None:
    file.write_text(COMMENTED)

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, reason)

    monkeypatch.setattr(step, fail)
    message = str(refused(file))
    assert message.startswith(f"{file}: expected a file to write to, got: ")
    assert reason in message


QUICK = ("calibrate", "--source", "demo", "--seconds", "1.2", "--pause", "0.4")


@pytest.mark.parametrize("options", [["--write"], []])
def test_calibrate_proposes_and_writes(
    smile_gate: Any,
    file: Path,
    pins: MockFactory,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    monkeypatch.setenv("SMILE_GATE_FACES__MIN_FACE_PX", "140")  # faster
    file.write_text(COMMENTED)
    code, out, err = smile_gate(*QUICK, "--config", file, *options)
    assert (code, err) == (0, "")
    plotted, _, proposal = out.partition("\n[trigger]\n")
    lines = plotted.splitlines()
    assert lines[:2] == ["Look at the camera and do not smile, for 1.2 s.", "Now smile, for 1.2 s."]
    assert lines[2].startswith("score ")
    assert not pins.pins
    last = f"written to {file}\n" if options else ""
    assert proposal.endswith(last)
    proposed = tomllib.loads(proposal.removesuffix(last))
    assert list(proposed) == ["threshold_on", "threshold_off"]
    assert 0.3 < proposed["threshold_off"] < 0.5
    assert 0.7 < proposed["threshold_on"] < 0.9
    if options:
        assert tomllib.loads(file.read_text())["trigger"] == {"hold_s": 0.5, **proposed}
        assert "# as tried out" in file.read_text()
    else:
        assert file.read_text() == COMMENTED


def test_scores_that_are_too_close_are_shown_and_the_file_is_left(
    smile_gate: Any, file: Path, portraits: Path, tmp_path: Path
) -> None:
    """Somebody who never smiles."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(25):
        (folder / f"{number:02}.jpg").symlink_to(portraits / "a-hopper.jpg")
    file.write_text(COMMENTED)
    code, out, err = smile_gate(
        *QUICK, "--source", f"images:{folder}@10", "--pause", "0", "--config", file, "--write"
    )
    assert code == 2
    assert f"  {'#' * BAR}" in out
    assert err.startswith("smile-gate: expected smiles to score at least 0.2 above neutral faces")
    assert len(err.splitlines()) == 1
    assert file.read_text() == COMMENTED


def test_write_needs_a_file(smile_gate: Any) -> None:
    code, out, err = smile_gate(*QUICK, "--write")
    assert (code, out) == (2, "")
    assert err == "smile-gate: --write: expected --config FILE to write to, got none\n"
