"""``python -m tests.mutation``: whether the tests notice when the device's code is changed.

mutmut, which is set up in ``pyproject.toml``, changes a function in one place, a *mutant*, and runs
the tests that call the function. A mutant lives if they all pass. The verdicts are kept in
``mutants/``, and a run goes on where the last was interrupted. A changed function is tried anew;
after a change of tests, ``--living`` tries again what lived.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

MUTMUT = (sys.executable, "-m", "mutmut")
STATS = Path("mutants/mutmut-stats.json")
"""Which test calls which function, as of the first run."""
LIVING = {"survived", "no tests", "suspicious"}

Verdicts = dict[str, str]
"""By the mutant's name, which begins with its module."""


def verdicts() -> Verdicts:
    """Return the verdict on each mutant, as far as there is one."""
    done = subprocess.run([*MUTMUT, "results", "--all", "true"], capture_output=True, check=False)
    lines = (line.strip().rpartition(": ") for line in done.stdout.decode().splitlines())
    return {name: verdict for name, _, verdict in lines if "__mutmut_" in name}


def is_of(name: str, modules: Iterable[str]) -> bool:
    return any(name.startswith(f"{module}.") for module in modules)


def to_try(known: Verdicts, modules: list[str], *, living: bool) -> list[str]:
    """Return what mutmut is to try: names of mutants or patterns."""
    wanted = {"not checked"} | (LIVING if living else set())
    found = [module for module in modules if any(is_of(name, [module]) for name in known)]
    names = [name for name, verdict in known.items() if verdict in wanted and is_of(name, found)]
    return names + [f"{module}.*" for module in modules if module not in found]


def table(known: Verdicts, modules: list[str]) -> list[str]:
    """Return a line for each module, and for all: how many mutants were killed and lived."""
    rows: dict[str, Counter[str]] = {}
    for name, verdict in known.items():
        module = next((module for module in modules if is_of(name, [module])), None)
        if module and verdict != "not checked":
            rows.setdefault(module, Counter())["lived" if verdict in LIVING else "killed"] += 1
    rows["all"] = sum(rows.values(), Counter())
    return [
        f"{module:32} {row.total():5} mutants {row['killed']:5} killed {row['lived']:4} lived"
        f"  {100 * row['killed'] / max(1, row.total()):5.1f} %"
        for module, row in rows.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", default=["edge"], metavar="MODULE")
    parser.add_argument("--living", action="store_true", help="try again what lived")
    parser.add_argument("--report", action="store_true", help="try nothing, print what is known")
    parser.add_argument("--show", action="store_true", help="print each mutant that lives")
    parser.add_argument("--children", type=int, default=os.cpu_count(), metavar="N")
    options = parser.parse_args()
    known = verdicts()
    names = to_try(known, options.modules, living=options.living)
    if names and not options.report:
        began = time.monotonic()
        if options.living:
            STATS.unlink(missing_ok=True)
        call = [*MUTMUT, "run", "--max-children", str(options.children), *names]
        code = subprocess.run(call, check=False).returncode
        if code:
            return code
        known = verdicts()
        print(f"tried {len(names)} in {time.monotonic() - began:.0f} s")
    if options.show:
        for name, verdict in known.items():
            if verdict in LIVING and is_of(name, options.modules):
                subprocess.run([*MUTMUT, "show", name], check=False)
    split = sorted({name.rpartition(".")[0] for name in known if is_of(name, options.modules)})
    print("\n".join(table(known, split)))
    left = sum(verdict == "not checked" for name, verdict in known.items() if is_of(name, split))
    if left:
        print(f"{left} not tried yet: run it again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
