"""The contract of ``smile-gate classify``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

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
    assert plain.startswith(f"{portraits / 'a-hopper.jpg'}: not smiling 0.")
    assert smiling.startswith(f"{portraits / 'b-collins.jpg'}: smiling ")


def test_classify_goes_on_after_files_that_cannot_be_read(
    smile_gate: Any, portraits: Path, tmp_path: Path
) -> None:
    corrupt = tmp_path / "corrupt.jpg"
    whole = (portraits / "a-hopper.jpg").read_bytes()
    corrupt.write_bytes(whole[: len(whole) // 2])
    empty = tmp_path / "empty"
    empty.mkdir()
    given = [tmp_path / "gone.jpg", corrupt, empty, portraits / "b-collins.jpg"]
    code, out, err = smile_gate("classify", "--json", *given)
    assert (code, err) == (1, "")
    assert [r["file"] for r in records(out)] == [str(path) for path in given]
    assert [set(r) for r in records(out)] == [{"file", "error"}] * 3 + [{"file", "faces"}]

    code, out, err = smile_gate("classify", *given)
    assert code == 1
    assert len(err.splitlines()) == 3
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
