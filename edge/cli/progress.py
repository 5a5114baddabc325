"""Progress bars, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm


def bar_over(items: Collection[Any], unit: str) -> tqdm:
    """Return an iterable over items that shows on standard error how many are done.

    Lines are printed to standard output meanwhile: there is no bar if that is a terminal, too. For
    standard error lines, the bar has ``write``.
    """
    return _bar(len(items), unit, items=items, printing=True)


@contextmanager
def progress(total: float, unit: str, *, printing: bool = False) -> Iterator[tqdm]:
    """Show a bar on standard error, below the lines of the log.

    Args:
        total: what the bar's ``update`` adds up to at the end; 0 where nobody knows.
        unit: of the total.
        printing: lines are printed to standard output meanwhile, other than by the bar's
            ``write``: there is no bar if that is a terminal, too.
    """
    with _bar(total, unit, printing=printing) as bar, _log_above(bar):
        yield bar


def _bar(total: float, unit: str, *, items: Any = None, printing: bool) -> tqdm:
    # Not for a live camera: 0.1 s and 1 MB on a small board.
    from tqdm import tqdm

    tqdm.monitor_interval = 0  # no thread: ``miniters=1`` needs none
    hidden = not _is_terminal(sys.stderr) or (printing and _is_terminal(sys.stdout))
    return tqdm(items, total=total or None, unit=unit, disable=hidden, leave=False, miniters=1)


def _log_above(bar: tqdm) -> Any:
    from tqdm.contrib.logging import logging_redirect_tqdm

    return nullcontext() if bar.disable else logging_redirect_tqdm()


def _is_terminal(file: TextIO | None) -> bool:
    return file is not None and file.isatty()
