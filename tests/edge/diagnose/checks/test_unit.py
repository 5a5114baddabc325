from __future__ import annotations

import pytest

from tests.edge.diagnose.examined_machine import Machine

SYSTEMD = (
    "2026-11-25T09:14:03+0000 pi systemd[1]: smile-gate.service: A process of this unit has been"
)
KERNEL = "2026-11-24T09:14:03+0000 pi kernel: Out of memory: Killed process 812 (smile-gate)"


@pytest.mark.parametrize(
    ("result", "question", "line", "verdict", "text"),
    [
        ("success", "MESSAGE_ID", "-- No entries --", "good", "no kill for memory in 7 days; "),
        ("oom-kill", "MESSAGE_ID", "", "bad", "killed for memory; "),
        (
            "signal",
            "--unit smile-gate.service MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef",
            SYSTEMD,
            "warning",
            "killed for memory at 2026-11-25T09:14:03+0000; ",
        ),
        (
            "success",
            "_TRANSPORT=kernel --grep Killed",
            KERNEL,
            "warning",
            "killed for memory at 2026-11-24T09:14:03+0000; ",
        ),
    ],
)
@pytest.mark.parametrize(
    ("limit", "limited"), [("314572800", "MemoryMax=300M"), ("infinity", "no MemoryMax")]
)
def test_a_kill_for_memory_is_told_with_the_limit(
    machine: Machine,
    result: str,
    question: str,
    line: str,
    verdict: str,
    text: str,
    limit: str,
    limited: str,
) -> None:
    machine.install("systemctl", f"printf 'LoadState=loaded\\nResult={result}\\nMemoryMax={limit}'")
    machine.install(
        "journalctl", f"case \"$*\" in *'{question}'*) echo '{line}';; *grep*) exit 1;; esac"
    )
    finding = machine.finding("memory")
    assert (finding.verdict, finding.text.startswith(text)) == (verdict, True), finding
    assert f"; the unit has {limited}, the board " in finding.text


def test_a_journal_that_may_not_be_read_does_not_say_that_nothing_was_killed(
    machine: Machine,
) -> None:
    machine.install("systemctl", "echo LoadState=loaded")
    machine.install("journalctl", "echo -- No entries --; echo Hint: you do not see all >&2")
    finding = machine.finding("memory")
    assert (finding.verdict, finding.text) == ("warning", "Hint: you do not see all")


@pytest.mark.parametrize(
    ("folder", "properties", "bad"),
    [
        ("/a", "PrivateNetwork=yes ProtectSystem=strict", ["PrivateNetwork=yes", "outputs.album"]),
        ("/a", "PrivateNetwork=no ProtectSystem=full", []),
        ("/var/lib/smile-gate/a", "ProtectSystem=strict StateDirectory=smile-gate", []),
        ("/mnt/a", "ProtectSystem=strict ReadWritePaths=-/mnt", []),
        ("/home/P/a", "ProtectHome=yes ReadWritePaths=/home/P/a", ["unit's ProtectHome=yes"]),
    ],
)
def test_what_the_unit_keeps_the_gate_from(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, folder: str, properties: str, bad: list[str]
) -> None:
    machine.source = "rtsp://10.0.0.1/"
    machine.more = f'[outputs.album]\nkind = "snapshot"\nfolder = "{folder}"'
    machine.install("systemctl", "; ".join(f"echo {line}" for line in properties.split()))
    assert not machine.findings("sandbox")  # these are not the service's settings
    monkeypatch.setattr("edge.settings.load.INSTALLED", machine.config)
    texts = [finding.text for finding in machine.findings("sandbox")]
    assert len(texts) == len(bad)
    assert all(part in text for part, text in zip(bad, texts, strict=True))
