"""The contract of ``smile-gate classify``."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.demo import COLLINS, HOPPER, Portrait
from edge.model.classifier import Classifier
from edge.settings import SHIPPED_BUNDLE
from tests.edge.cli.commands import command, records


def test_classify_json(smile_gate: Any, portraits: Path) -> None:
    hopper, collins = portraits / "a-hopper.jpg", portraits / "b-collins.jpg"
    code, out, err = smile_gate("classify", "--json", collins, hopper)
    assert (code, err) == (0, "")
    smiling, plain = records(out)
    assert (smiling["file"], plain["file"]) == (str(collins), str(hopper))
    for record, smiles in ((smiling, True), (plain, False)):
        assert set(record) == {"file", "faces"}
        assert len(record["faces"]) == 1
        face = record["faces"][0]
        assert set(face) == {"box", "score", "smiling"}
        assert all(isinstance(value, int) for value in face["box"])
        assert face["smiling"] is smiles
        assert (face["score"] > 0.5) is smiles


@pytest.mark.parametrize(("portrait", "expected"), [(HOPPER, 0.057), (COLLINS, 0.961)])
def test_classify_scores_the_portraits_themselves(
    smile_gate: Any, portrait: Portrait, expected: float
) -> None:
    """From the file through detector, crop and model: what changes any of them shows here."""
    _, out, _ = smile_gate("classify", "--json", portrait.path)
    [face] = records(out)[0]["faces"]
    assert face["score"] == pytest.approx(expected, abs=Classifier.TOLERANCE)


def test_classify_names_files_as_they_were_given(
    smile_gate: Any, portraits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(portraits)
    _, out, _ = smile_gate("classify", "--json", "./a-hopper.jpg", ".//b-collins.jpg")
    assert [r["file"] for r in records(out)] == ["./a-hopper.jpg", ".//b-collins.jpg"]


def test_classify_whole_image_skips_the_detector(smile_gate: Any, portraits: Path) -> None:
    code, out, _ = smile_gate("classify", "--json", "--whole-image", portraits)
    assert code == 0
    assert [r["faces"][0]["box"] for r in records(out)] == [[0, 0, 512, 600], [0, 0, 512, 512]]


def test_classify_uses_the_bundles_threshold(
    smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    bundle = Path(shutil.copytree(SHIPPED_BUNDLE, tmp_path / "bundle"))
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**manifest, "threshold": 0.0}))
    config = tmp_path / "c.toml"
    config.write_text('[model]\nbundle = "bundle"')
    _, out, _ = smile_gate("classify", "--json", "--config", config, portraits)
    assert [r["faces"][0]["smiling"] for r in records(out)] == [True, True]


def test_classify_a_folder_in_words(smile_gate: Any, portraits: Path) -> None:
    code, out, _ = smile_gate("classify", portraits)
    plain, smiling = out.splitlines()
    assert code == 0
    assert re.match(rf"{portraits}/a-hopper\.jpg: not smiling 0\.\d\d < 0\.44 at \d+,", plain)
    assert re.match(rf"{portraits}/b-collins\.jpg: smiling [01]\.\d\d >= 0\.44 at \d+,", smiling)


def test_classify_goes_on_after_files_that_cannot_be_read(
    smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    corrupt = tmp_path / "corrupt.jpg"
    whole = (portraits / "a-hopper.jpg").read_bytes()
    corrupt.write_bytes(whole[: len(whole) // 2])
    empty = tmp_path / "empty"
    empty.mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    refused = [tmp_path / "gone.jpg", corrupt, empty, tmp_path / "pipe.jpg", Path("/dev/zero")]
    given = [*refused, portraits / "b-collins.jpg"]
    code, out, err = smile_gate("classify", "--json", *given)
    assert (code, err) == (1, "")
    assert [r["file"] for r in records(out)] == [str(path) for path in given]
    assert [set(r) for r in records(out)] == [{"file", "error"}] * 5 + [{"file", "faces"}]

    code, out, err = smile_gate("classify", *given)
    assert code == 1
    assert len(err.splitlines()) == 5
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize("how", ["--json", "--verbose"])
def test_classify_takes_names_that_are_no_text(portraits: Path, tmp_path: Path, how: str) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\n.jpg")
    shutil.copy(portraits / "b-collins.jpg", odd)
    done = subprocess.run(command("classify", how, odd), check=True, capture_output=True)
    assert b"smiling" in done.stdout
    assert done.stderr == b""


def test_classify_names_what_the_system_refuses(smile_gate: Any, portraits: Path) -> None:
    code, out, _ = smile_gate("classify", "--json", "x" * 300 + ".jpg", portraits)
    assert code == 1
    assert "File name too long" in records(out)[0]["error"]
    assert len(records(out)) == 3


def test_classify_says_that_the_disk_is_full(portraits: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("classify", portraits), check=False, stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 2
    assert done.stderr == b"smile-gate: [Errno 28] No space left on device\n"


@pytest.fixture
def album(tmp_path: Path, portraits: Path) -> Path:
    """Pictures in folders of a folder, two of them of the same name, and other files."""
    folder = tmp_path / "album"
    for place in ("2.jpg", "may/1.jpg", "may/2/1.jpg", ".trash/1.jpg", "may/._1.jpg"):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(portraits / "b-collins.jpg", folder / place)
    (folder / "may" / "loop").symlink_to(folder)
    (folder / "notes.txt").touch()
    return folder


def test_a_folder_is_searched_with_its_folders_if_asked_to(smile_gate: Any, album: Path) -> None:
    _, out, _ = smile_gate("classify", "--json", album)
    assert [r["file"] for r in records(out)] == [f"{album}/2.jpg"]
    code, out, err = smile_gate("classify", "--json", "--recursive", album)
    assert (code, err) == (0, "")
    assert [r["file"] for r in records(out)] == [
        f"{album}/{name}" for name in ("2.jpg", "may/1.jpg", "may/2/1.jpg")
    ]


def test_a_folder_with_pictures_only_in_its_folders_gets_a_hint(
    smile_gate: Any, album: Path
) -> None:
    (album / "2.jpg").unlink()
    code, _, err = smile_gate("classify", album)
    assert code == 2
    assert err == (
        f"smile-gate: {album}: expected images in this folder, got none; "
        "--recursive looks into its folders\n"
    )


@pytest.mark.parametrize("name", ["1.HEIC", "1.heif", "1.avif", "1.gif"])
def test_pictures_that_cannot_be_read_are_not_passed_over(
    smile_gate: Any, album: Path, name: str
) -> None:
    (album / name).write_bytes(b"GIF89a")
    code, out, _ = smile_gate("classify", "--json", album)
    assert code == 1
    told, read = records(out)
    assert told["file"] == f"{album}/{name}"
    assert told["error"].endswith(
        "expected an image as JPEG, PNG, BMP, WebP, TIFF or PGM, got GIF: convert it first"
    )
    assert len(read["faces"]) == 1


def test_a_table(smile_gate: Any, portraits: Path, tmp_path: Path) -> None:
    faceless = tmp_path / "a, b.png"
    cv2.imwrite(str(faceless), np.zeros((64, 64), np.uint8))
    given = [portraits / "b-collins.jpg", faceless, tmp_path / "gone.jpg"]
    code, out, err = smile_gate("classify", "--csv", *given)
    assert (code, err) == (1, "")
    face, none, gone = csv.DictReader(out.splitlines())
    assert (face["file"], face["face"], face["smiling"], face["error"]) == (
        *(str(given[0]), "1", "true", ""),
    )
    assert float(face["score"]) >= float(face["threshold"]) == 0.44
    [record] = records(smile_gate("classify", "--json", given[0])[1])
    assert [int(face[side]) for side in "xywh"] == record["faces"][0]["box"]
    assert (none["file"], none["face"], none["error"]) == (str(faceless), "", "")
    assert "No such file" in gone["error"]


def test_annotated_copies(smile_gate: Any, album: Path, portraits: Path) -> None:
    copies = album / "out"
    original = (album / "2.jpg").read_bytes()
    for _ in range(2):  # the copies of the first time are not classified the second time
        code, out, _ = smile_gate(
            "classify", "--recursive", album, portraits / "b-collins.jpg", album / "may" / "1.jpg",
            "--annotate", copies,
        )  # fmt: skip
        assert (code, len(out.splitlines())) == (0, 5)
        assert sorted(str(path.relative_to(copies)) for path in copies.rglob("*.*")) == [
            "1.jpg", "2.jpg", "b-collins.jpg", "may/1.jpg", "may/2/1.jpg",
        ]  # fmt: skip
    assert (album / "2.jpg").read_bytes() == original
    before, after = (cv2.imread(str(folder / "2.jpg")) for folder in (album, copies))
    assert before is not None
    assert after is not None
    changed = np.argwhere(np.abs(after.astype(int) - before).max(2) > 100)
    [record] = records(smile_gate("classify", "--json", album)[1])
    x, y, w, h = record["faces"][0]["box"]
    assert np.abs(changed.max(0) - (y + h, x + w)).max() < 6


def test_annotated_copies_replace_no_picture(smile_gate: Any, album: Path) -> None:
    original = (album / "2.jpg").read_bytes()
    assert smile_gate("classify", album, "--annotate", album)[0] == 0
    assert (album / "2.jpg").read_bytes() == original
    assert (album / "2-2.jpg").exists()


def test_a_place_for_copies_that_is_no_folder_is_told_before_the_work(
    smile_gate: Any, album: Path
) -> None:
    code, out, err = smile_gate("classify", album, "--annotate", album / "2.jpg")
    assert (code, out) == (2, "")
    assert err == f"smile-gate: --annotate {album}/2.jpg: expected a folder, got: File exists\n"


def test_people_are_told_why_the_trigger_has_another_threshold(portraits: Path) -> None:
    controller, terminal = pty.openpty()
    subprocess.run(command("classify", portraits), check=True, stderr=terminal)
    os.close(terminal)
    words = os.read(controller, 4096).decode()
    os.close(controller)
    assert "A face smiles from 0.44 on" in words
    assert "trigger.threshold_on is 0.8" in words


def test_classify_of_nothing_is_refused(smile_gate: Any, tmp_path: Path) -> None:
    code, out, err = smile_gate("classify", tmp_path)
    assert (code, out) == (2, "")
    assert err == f"smile-gate: {tmp_path}: expected images in this folder, got none\n"


@pytest.mark.parametrize("times", [1, 30])  # less and more than Python's buffer takes
def test_a_reader_that_has_gone_is_no_error(portraits: Path, times: int) -> None:
    call = command("classify", *[portraits] * times)
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as gone:
        assert gone.stdout is not None
        assert gone.stderr is not None
        gone.stdout.close()
        assert gone.stderr.read() == b""
    assert gone.returncode == 1


def test_a_name_with_a_line_break_is_still_one_line(smile_gate: Any) -> None:
    code, out, err = smile_gate("classify", "no\nimage.jpg")
    assert (code, out) == (1, "")
    assert (
        err
        == "smile-gate: no\\nimage.jpg: expected an image file, got: No such file or directory\n"
    )
