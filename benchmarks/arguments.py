"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path
from typing import Any


def add_data(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add the option that names the folder with GENKI-4K."""
    default = os.environ.get("SMILE_GATE_DATA") or None
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        required=required and default is None,
        help="folder with genki4k, a folder or .tar (default: $SMILE_GATE_DATA)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a file for the figures."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")


def write_json(file: Path | None, figures: dict[str, Any]) -> None:
    """Write figures into the file that ``--json`` names, if it is given."""
    if file:
        file.write_text(json.dumps(figures, indent=1) + "\n")


def minutes(text: str) -> float:
    """Read a number of minutes, above 0 to a day's.

    Raises:
        ArgumentTypeError: the text is no such number.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value <= 1440.0:
        raise argparse.ArgumentTypeError(f"expected minutes above 0 to 1440, got {text!r}")
    return value
