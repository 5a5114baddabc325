"""Opens an output of the kind that its settings are of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge.outputs.faults import Faults, Listen
from edge.outputs.output import Output
from edge.settings import (
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    IndicatorSettings,
    KeySettings,
    ShutterSettings,
    SnapshotSettings,
)

OpenOutput = Callable[[str, Any, Listen, Faults], Output]
"""A function as ``open_output``, or a class of outputs."""


def open_output(name: str, settings: AnyOutputSettings, listen: Listen, faults: Faults) -> Output:
    """Open one output at its safe level; the module of a kind is imported when it is chosen.

    Raises:
        OutputError: a pin or a keyboard can't be opened.
        MissingPackageError: a package that this kind needs is not installed.
    """
    return _kind_of(settings)(name, settings, listen, faults)


def _kind_of(settings: AnyOutputSettings) -> OpenOutput:
    match settings:
        case ShutterSettings():
            from edge.outputs.shutter import Shutter

            return Shutter
        case GateSettings():
            from edge.outputs.gate import Gate

            return Gate
        case IndicatorSettings():
            from edge.outputs.indicator import Indicator

            return Indicator
        case SnapshotSettings():
            from edge.outputs.snapshot import Snapshot

            return Snapshot
        case CommandSettings():
            from edge.outputs.command import Command

            return Command
        case KeySettings():
            from edge.outputs.key import Key

            return Key
