"""Tries what ``cases`` makes, and tells what failed."""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from benchmarks.reliability.faults.cases import STOP_S, Case, make_case, make_valid
from benchmarks.reliability.faults.fork_server import COMMAND, ForkServer, Reply, Request
from benchmarks.simulate.answers import AnswerServer

Failure = Literal["traceback", "hang", "crash", "memory", "words"]
"""How a command fails: it prints a traceback; does not end in time; is ended by a signal; takes too
much memory; or does not say in one line of its own why it ends with 2, or prints other lines."""

FAILURES: tuple[Failure, ...] = get_args(Failure)
SECONDS = 20.0
MEMORY_MB = 512.0
"""All the memory of the smallest board."""

STOPPED = (-signal.SIGTERM, 128 + signal.SIGTERM)
"""Exit codes of a command that was asked to stop."""

TRACES = ("Traceback (most recent call last)", "Fatal Python error", "Exception ignored in")
QUIET = {b"classify", b"config"}
"""Verbs that print nothing on standard error but why they fail."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A try that failed.

    Attributes:
        failure: how.
        number: of the try.
        kind: what was damaged.
        call: the command.
        words: what it printed last, or how it ended.
        alike: the same for tries that fail for the same reason.
    """

    failure: Failure
    number: int
    kind: str
    call: str
    words: str
    alike: str


@dataclass(slots=True)
class Figures:
    """What was tried: how many of each kind, the faults, and the most memory, in MiB."""

    tried: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    peak_mb: float = 0.0

    def as_json(self) -> dict[str, Any]:
        failed = Counter(fault.failure for fault in self.faults)
        return {
            "tried": dict(self.tried),
            "failed": {failure: failed[failure] for failure in FAILURES},
            "peak_mb": self.peak_mb,
        }


def try_cases(
    seed: int,
    first: int,
    count: int,
    figures: Figures,
    *,
    keep: Path | None = None,
    command: str = COMMAND,
    seconds: float = SECONDS,
) -> Iterator[Fault]:
    """Try the cases from ``first`` on; yield each fault as it is found.

    Args:
        seed: of the cases.
        first: the number of the first case.
        count: how many.
        figures: to add to.
        keep: a folder for the files of cases that fail.
        command: MODULE:FUNCTION to try.
        seconds: how long a command may take.
    """
    with (
        tempfile.TemporaryDirectory() as scratch,
        closing(AnswerServer()) as camera,
        ForkServer(command) as forks,
    ):
        folder = Path(scratch) / "try"
        folder.mkdir()
        valid = make_valid(folder, camera)
        for number in range(first, first + count):
            shutil.rmtree(folder)
            folder.mkdir()
            case = make_case(valid, seed, number, folder)
            request = Request(
                str(folder),
                [argument.hex() for argument in case.arguments],
                dict(case.environment),
                seconds,
                STOP_S if case.live else 0.0,
                case.stdout,
            )
            reply = forks.run(request)
            figures.tried[case.kind] += 1
            figures.peak_mb = max(figures.peak_mb, reply.peak_mb)
            fault = judge(number, case, reply, (folder / "err").read_bytes())
            if fault:
                figures.faults.append(fault)
                if keep:
                    shutil.copytree(folder, keep / str(number), symlinks=True, copy_function=_copy)
                yield fault


def judge(number: int, case: Case, reply: Reply, stderr: bytes) -> Fault | None:
    """Return what is wrong with how a command ended, None if nothing is."""
    text = stderr.decode(errors="backslashreplace")
    lines = text.splitlines() or [""]
    variables = [f"{name}={value}" for name, value in case.environment.items()]
    arguments = [argument.decode(errors="backslashreplace") for argument in case.arguments]
    call = " ".join(map(_shown, [*variables, "smile-gate", *arguments]))
    words = lines[-1]
    failure: Failure | None = None
    alike = ""
    if reply.timed_out:
        failure, words = "hang", f"did not end; last: {words[:100]}"
    elif any(trace in text for trace in TRACES):
        failure = "traceback"
        places = re.findall(r'/((?:edge|benchmarks)/[\w/]+\.py)", line (\d+)', text)
        alike = f"{':'.join(places[-1]) if places else ''} {words.partition(':')[0]}"
    elif reply.code < 0 and not (case.live and reply.code in STOPPED):
        failure, words = "crash", f"ended by {signal.Signals(-reply.code).name}"
    elif reply.peak_mb > MEMORY_MB:
        failure, words = "memory", f"took {reply.peak_mb:.0f} MB"
    else:
        foreign = [line for line in lines if line and not line.startswith("smile-gate")]
        if reply.code not in {0, 1, 2, *(STOPPED if case.live else ())}:
            failure, words = "words", f"exit code {reply.code}: {words}"
        elif reply.code == 2 and not words.startswith("smile-gate") and "--json" not in arguments:
            failure = "words"
        elif foreign and case.arguments[0] in QUIET:
            failure, words = "words", foreign[0]
            alike = re.sub(r"\W.*|\d", "", foreign[0])
    if failure is None:
        return None
    alike = alike or f"{case.kind} {case.arguments[0].decode()}"
    return Fault(failure, number, case.kind, call, _shown(words), f"{failure} {alike}")


def _shown(text: str) -> str:
    """Return a text, shortened, with escapes for what a terminal might obey."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:200])


def _copy(source: str, target: str) -> str:
    """Copy a file, but no pipe."""
    return str(shutil.copy(source, target) if Path(source).is_file() else target)
