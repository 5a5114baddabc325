"""``python -m benchmarks run``: measure this machine and keep a report; ``pipeline``: faces in
scenes, against common ways, and what the command takes of a machine; ``gate``: how far decisions
and outputs can be trusted; ``endurance``: whether memory stays flat; ``service``: whether it comes
back after starts, reloads, lost cameras and kills; ``faults``: whether damaged or odd input makes
the command fail badly; ``accuracy``: how often model bundles are right; ``compare``, ``report``,
``table``: what is made of reports; ``check``: whether the path got slower."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from benchmarks.cli import measures, reliability, reports, run
from edge.cli.console import OneLineParser, silence_libraries
from edge.errors import SmileGateError

Verb = Callable[[argparse.Namespace], int]

VERBS: dict[str, Verb] = {
    "run": run.run,
    "pipeline": measures.pipeline,
    "gate": reliability.gate,
    "endurance": reliability.endurance,
    "service": reliability.service,
    "faults": reliability.faults,
    "accuracy": measures.accuracy,
    "compare": reports.compare,
    "report": reports.report,
    "table": reports.table,
    "check": measures.check,
}


def main(arguments: Sequence[str] | None = None, **verbs: Verb) -> int:
    """Run a verb; return the exit code: 0 done, 1 got worse or did not come back, 2 refused or
    failed, 130 after Ctrl-C.

    Args:
        arguments: of the command line; by default this process's.
        verbs: functions to call instead of those of ``VERBS``, by name.
    """
    parser = OneLineParser(prog="python -m benchmarks", description=__doc__)
    subparsers = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)
    for family in (run, measures, reliability, reports):
        family.add_verbs(subparsers)
    options = parser.parse_args(arguments)
    silence_libraries()
    try:
        return {**VERBS, **verbs}[options.verb](options)
    except (SmileGateError, OSError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
