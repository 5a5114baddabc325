"""The help of all verbs."""

from __future__ import annotations

from typing import Any

import pytest

from edge.cli import arming, classify, config, diagnose, look, outputs, run

VERBS = {
    "run": run.run,
    "classify": classify.classify,
    "fire": outputs.fire,
    "safe": outputs.safe,
    "arm": arming.arm,
    "disarm": arming.disarm,
    "calibrate": diagnose.calibrate,
    "replay": diagnose.replay,
    "cameras": diagnose.cameras,
    "status": diagnose.status,
    "doctor": diagnose.doctor,
    "look": look.look,
    "config": None,
    "config show": config.show_config,
    "config check": config.check_config,
    "config explain": config.explain_config,
}


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help(smile_gate: Any, verb: str) -> None:
    code, out, err = smile_gate(*verb.split(), "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: smile-gate {verb}".rstrip())
    if function := VERBS.get(verb):
        assert " ".join(str(function.__doc__).split()) in " ".join(out.split())
    if not verb:
        assert f"{{{','.join(name for name in VERBS if ' ' not in name)}}}" in out
