"""Do the documents say what the code does."""

from __future__ import annotations

import json

import msgspec
import pytest

from edge.bundle import load_bundle
from edge.config import OUTPUT_KINDS, SECTIONS, SHIPPED_BUNDLE
from tests.conftest import ROOT

KINDS: dict[str, type[msgspec.Struct]] = {**SECTIONS, "outputs.NAME": OUTPUT_KINDS["shutter"]}


@pytest.mark.parametrize("section", KINDS)
def test_every_setting_is_documented_with_its_default(section: str) -> None:
    rows = {
        cells[0].strip("` "): cells[1].strip("` ")
        for line in (ROOT / "docs" / "configuration.md").read_text().splitlines()
        if (cells := line.strip("|").split("|"))[0].startswith(" `")
    }
    for field in msgspec.structs.fields(KINDS[section]):
        default = rows[f"{section}.{field.name}"]
        if field.default is not msgspec.NODEFAULT and field.name != "bundle":
            assert json.loads(default) == field.default


def test_the_model_card_states_the_manifests_figures() -> None:
    card = (SHIPPED_BUNDLE / "README.md").read_text()
    manifest = load_bundle(SHIPPED_BUNDLE).manifest
    for result in manifest.metrics.values():
        for kind in ("float", "int8"):
            assert f"{result[kind]['accuracy_percent']:.2f} %" in card
    assert f"threshold {manifest.threshold}" in card
