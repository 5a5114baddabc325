"""What a check returns."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Verdict = Literal["good", "warning", "bad"]


class Finding(Struct, frozen=True, rename={"subject": "about", "text": "words", "remedy": "mend"}):
    """The result of one check. In JSON its fields are about, verdict, words and mend.

    Attributes:
        subject: what was checked.
        verdict: ``bad`` keeps the gate from working, a ``warning`` may come to do so.
        text: what the check saw.
        remedy: what to do, a command where there is one; empty where all is good.
    """

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""
