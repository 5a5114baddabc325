"""The documents say what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from edge.model.bundle import load_bundle
from edge.settings import DEFAULT_OUTPUTS, OUTPUT_KINDS, SECTIONS, SHIPPED_BUNDLE
from edge.settings.explain import table
from edge.settings.load import load_configuration
from tests.conftest import ROOT


def test_every_setting_is_documented_as_it_is() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `") and "." in line[:20]]
    expected = [row for section, kind in SECTIONS.items() for row in table(section, kind)]
    expected += [row for kind in OUTPUT_KINDS.values() for row in table("outputs.NAME", kind)]
    assert [row for row in rows if "| `event` |" not in row] == expected
    [(kind, pin)] = [output.values() for output in DEFAULT_OUTPUTS.values()]
    assert f"Without a file there is one output, a {kind} on GPIO {pin}." in text


@pytest.mark.parametrize(
    "document", ["docs/assistive.md", "docs/configuration.md", "docs/outputs.md", "README.md"]
)
def test_configurations_in_the_documents_are_good(document: str, tmp_path: Path) -> None:
    text = (ROOT / document).read_text()
    for number, example in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)):
        assert tomllib.loads(example)
        file = tmp_path / f"{number}.toml"
        file.write_text(example)
        load_configuration(file, {})


def test_the_model_card_states_the_manifests_figures() -> None:
    card = (SHIPPED_BUNDLE / "README.md").read_text()
    manifest = load_bundle(SHIPPED_BUNDLE).manifest
    for result in manifest.metrics.values():
        for kind in ("float", "int8"):
            assert f"{result[kind]['accuracy_percent']:.2f} %" in card
    assert f"threshold {manifest.threshold}" in card
