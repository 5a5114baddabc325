"""The parts of the emulated board that work without a virtual machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.emulated_board import boards, checks, image, registers, virtual_machine
from tests.emulated_board.__main__ import results, table

DUMP = (
    "000000003f200000: 0x00000000 0x00200000 0x00000040 0x00000000\r\n"
    "000000003f200010: 0x00000000 0x00000001 0x00000000 0x00000000\r\n"
    "000000003f200020: 0x00000000 0x00000000 0x00000000 0x00000000\r\n"
    "000000003f200030: 0x00000000 0x00020000 0x00040000\r\n"
)
"""As QEMU prints it: GPIO 17, 22 and 50 are outputs, 17 and 50 are high."""


@pytest.mark.parametrize(("line", "level"), [(17, 1), (22, 0), (50, 1), (18, 0)])
def test_a_line_is_read_from_the_registers(line: int, level: int) -> None:
    assert registers.driven_level(registers.parse_dump(DUMP), line) == level


def test_a_high_input_is_not_driven() -> None:
    inputs = DUMP.replace("0x00200000", "0x00000000")
    assert registers.driven_level(registers.parse_dump(inputs), 17) == 0


def test_a_dump_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 15 registers"):
        registers.parse_dump(DUMP[:150])


@pytest.mark.parametrize("name", boards.BOARDS)
def test_the_device_tree_says_that_it_is_a_pi(name: str, tmp_path: Path) -> None:
    for program in ("fdtget", "fdtput", "dtc", "qemu-system-aarch64"):
        if not shutil.which(program):
            pytest.skip(f"no {program} here")
    source = '/dts-v1/; / { model = "Raspberry Pi 3 Model B"; };'
    of_kernel = tmp_path / boards.PI3_TREE
    subprocess.run(["dtc", "-O", "dtb", "-o", of_kernel], input=source, text=True, check=True)
    tree = boards.device_tree(boards.BOARDS[name], tmp_path, tmp_path)

    def get(*words: str) -> str:
        call = ["fdtget", *words]
        return subprocess.run(call, check=True, text=True, capture_output=True).stdout.strip()

    model, revision = {
        "virt": (boards.PI4_MODEL, boards.PI4_REVISION),
        "pi3": ("Raspberry Pi 3 Model B", boards.PI3_REVISION),
    }[name]
    assert get(str(tree), "/", "model") == model
    assert get("-t", "x", str(tree), *boards.REVISION_AT) == revision


def test_only_root_builds_an_image(tmp_path: Path) -> None:
    with pytest.raises(virtual_machine.EmulationError, match="takes root"):
        image.build(tmp_path / "image", user_id=1000)
    assert not (tmp_path / "image").exists()


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(virtual_machine.EmulationError, match=r"apt-get install .* that-package$"):
        virtual_machine.need({"no-such-program": "that-package"})


def test_a_broken_pipeline_fails_after_five_frames(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "edge", tmp_path / "edge")
    (tmp_path / "models").symlink_to(ROOT / "models")
    checks.break_pipeline(tmp_path)
    demo = [sys.executable, "-m", "edge.cli", "run", "--source", "demo"]
    done = subprocess.run(demo, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "RuntimeError: broken" in done.stderr


def test_results_become_a_table() -> None:
    printed = ["ok ready: READY=1 [3 s]", "  log: ok [2]", "FAIL smile: no [x] line [12 s]"]
    ended = results(printed)
    assert ended == {"ready": "passed: READY=1", "smile": "FAILED: no [x] line"}
    rows = table({"virt": ended, "pi3": {}}, ["ready", "smile"]).splitlines()
    assert rows[0] == "| check | what is shown | virt | pi3 |"
    assert [row.split(" | ")[-2:] for row in rows[2:]] == [
        ["passed: READY=1", "not run |"],
        ["FAILED: no [x] line", "not run |"],
    ]
