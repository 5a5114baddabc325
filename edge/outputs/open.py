"""Opens an output of the kind that its settings are of."""

from __future__ import annotations

from edge.outputs.output import Output, Report, Tell
from edge.settings import (
    AnyOutputSettings,
    CommandSettings,
    GateSettings,
    IndicatorSettings,
    ShutterSettings,
    SnapshotSettings,
)


def open_output(name: str, settings: AnyOutputSettings, tell: Tell, report: Report) -> Output:
    """Open one output at its safe level; its kind's module is imported when it is chosen.

    Raises:
        OutputError: a pin can't be had.
    """
    match settings:
        case ShutterSettings():
            from edge.outputs.shutter import Shutter

            return Shutter(name, settings, tell, report)
        case GateSettings():
            from edge.outputs.gate import Gate

            return Gate(name, settings, tell, report)
        case IndicatorSettings():
            from edge.outputs.indicator import Indicator

            return Indicator(name, settings, tell, report)
        case SnapshotSettings():
            from edge.outputs.snapshot import Snapshot

            return Snapshot(name, settings, tell, report)
        case CommandSettings():
            from edge.outputs.command import Command

            return Command(name, settings, tell, report)
