"""The CSV file that a USB power meter exports, with its recording of the device's power."""

from __future__ import annotations

import csv
import math
import re
import statistics
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from msgspec import Struct

from benchmarks.meters.meter import MeterError
from benchmarks.report.schema import Sample

QUANTITIES = {
    **dict.fromkeys(("time", "timestamp", "date", "datetime"), "time"),
    **dict.fromkeys(("power", "watts", "watt", "w"), "power"),
    **dict.fromkeys(("voltage", "volts", "volt", "v"), "voltage"),
    **dict.fromkeys(("current", "amperes", "ampere", "amps", "amp", "a"), "current"),
}
UNITS = {"time": "s", "power": "w", "voltage": "v", "current": "a"}

HEADER = re.compile(r"([a-z]+)(?:\s*[(\[]\s*(\w*)\s*[)\]]|[\s_](m?[swva]))?")
EARLIEST_S, LATEST_S = 1e9, 1e11
"""Range of Unix seconds: less is the time since a start, more is milliseconds."""


def read_csv(path: Path) -> tuple[Sample, ...]:
    """Read a recording.

    The first line names the columns, in any order; other columns are ignored. ``time``,
    ``timestamp``, ``date`` or ``datetime`` is needed, and either ``power``, ``watts`` or ``W``, or
    ``voltage``, ``volts`` or ``V`` with ``current``, ``amps`` or ``A``. A unit may follow, such as
    ``Current (mA)``. Times are Unix seconds or ISO 8601, in this machine's time zone if they name
    none. Columns are separated by commas, semicolons or tabs; with semicolons and tabs, numbers may
    have decimal commas.

    Returns:
        The samples, with Unix seconds. Samples of the same time, as from a meter that writes whole
        seconds, are merged into a sample with their mean.

    Raises:
        MeterError: the file can't be read, or a line or column is invalid.
    """
    header, *rows = _rows(path)
    columns = _columns(path, header)
    samples: list[Sample] = []
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        line = _Line(path, number, row)
        sample = Sample(line.time_s(columns["time"]), line.watts(columns))
        if samples and sample.at_s < samples[-1].at_s:
            raise line.error(columns["time"], "a time not before that of the line before")
        samples.append(sample)
    merged = tuple(
        Sample(at_s, statistics.fmean(sample.watts for sample in same))
        for at_s, same in groupby(samples, attrgetter("at_s"))
    )
    if len(merged) < 2:
        raise MeterError(f"{path}: expected readings of two times, got {len(merged)}", path)
    return merged


def part(samples: Sequence[Sample], began_s: float, seconds: float) -> tuple[Sample, ...]:
    """Return the samples within a phase, with seconds since its start; ``samples`` and ``began_s``
    have Unix seconds."""
    return tuple(
        Sample(sample.at_s - began_s, sample.watts)
        for sample in samples
        if 0.0 <= sample.at_s - began_s <= seconds
    )


class _Column(Struct, frozen=True):
    """A column: its name in the file, its index, and the factor that converts to SI units."""

    name: str
    index: int
    scale: float


def _rows(path: Path) -> list[list[str]]:
    """Return the fields of each line, at least of one line, with decimal points."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines() or [""]
        delimiter = max(",;\t", key=lines[0].count)
        rows = list(csv.reader(lines, delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise MeterError(f"{path}: expected a CSV file, got: {why}", path) from error
    decimal = "." if delimiter == "," else ","
    return [[field.strip().replace(decimal, ".") for field in row] for row in rows]


def _columns(path: Path, header: Sequence[str]) -> dict[str, _Column]:
    """Return the columns by quantity."""
    columns: dict[str, _Column] = {}
    for index, name in enumerate(header):
        match = HEADER.fullmatch(name.lower())
        quantity = QUANTITIES.get(match[1]) if match else None
        if not match or quantity is None:
            continue
        if quantity in columns:
            both = f"{columns[quantity].name!r} and {name!r}"
            raise _error(path, 1, f"one column of {quantity}, got {both}")
        unit = match[2] or match[3] or UNITS[quantity]
        scales = {UNITS[quantity]: 1.0, f"m{UNITS[quantity]}": 1e-3}
        if unit not in scales:
            raise _error(path, 1, f"the unit {' or '.join(scales)}, got {unit}", name)
        columns[quantity] = _Column(name, index, scales[unit])
    if "time" not in columns or not ("power" in columns or {"voltage", "current"} <= set(columns)):
        needed = "a column time and a column power, or voltage and current"
        raise _error(path, 1, f"{needed}, got {', '.join(header) or 'nothing'}")
    return columns


def _error(path: Path, line: int, expected: str, column: str = "") -> MeterError:
    where = f", column {column!r}" if column else ""
    return MeterError(f"{path}, line {line}{where}: expected {expected}", path)


class _Line:
    """A line of the file, whose errors name the line and the column."""

    def __init__(self, path: Path, number: int, row: Sequence[str]) -> None:
        self._path, self._number, self._row = path, number, row

    def error(self, column: _Column, expected: str) -> MeterError:
        return _error(self._path, self._number, expected, column.name)

    def watts(self, columns: dict[str, _Column]) -> float:
        if "power" in columns:
            return self._value(columns["power"])
        return self._value(columns["voltage"]) * self._value(columns["current"])

    def time_s(self, column: _Column) -> float:
        text = self._text(column)
        try:
            seconds = float(text) * column.scale
        except ValueError:
            seconds = _iso_8601(text)
        if not EARLIEST_S <= seconds <= LATEST_S:
            raise self.error(column, f"ISO 8601 or Unix seconds, got {text!r}")
        return seconds

    def _value(self, column: _Column) -> float:
        text = self._text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.error(column, f"a number, got {text!r}")
        return value * column.scale

    def _text(self, column: _Column) -> str:
        if column.index >= len(self._row):
            raise self.error(column, f"{column.index + 1} fields, got {len(self._row)}")
        return self._row[column.index]


def _iso_8601(text: str) -> float:
    """Return the Unix seconds of an ISO 8601 time; NaN for other texts."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return math.nan
