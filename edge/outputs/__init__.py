"""What a firing does to the world. The only code that touches it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from edge.config import ShutterSettings
from edge.errors import OutputError
from edge.frames import Event
from edge.outputs.shutter import Shutter

log = logging.getLogger(__name__)


class Outputs:
    """All outputs of a configuration, each at its safe level from the start.

    Raises:
        OutputError: a pin can't be opened; those opened before are safe and closed again.
    """

    def __init__(
        self, settings: Mapping[str, ShutterSettings], listen: Callable[[Event], None]
    ) -> None:
        self.opened: list[Shutter] = []
        try:
            for name, one in settings.items():
                self.opened.append(Shutter(name, one, listen))
        except BaseException:
            self.close()
            raise

    def fire(self, time: float) -> None:
        """Fire every output; returns at once. ``time`` is that of the frame, in seconds."""
        for output in self.opened:
            output.fire(time)

    @property
    def idle(self) -> bool:
        """True when no output is at work."""
        return all(output.idle for output in self.opened)

    def close(self) -> None:
        """Drive every output to its safe level now and free its pin; may be called more than
        once, and from any thread.

        Raises:
            OutputError: an output could not be made safe; the others are.
        """
        for output in self.opened:
            output.stop()
        failures = []
        for output in self.opened:
            try:
                output.close()
            except OutputError as error:
                log.error("%s", error)  # noqa: TRY400  (one line, for a person)
                failures.append(error)
        self.opened = []
        if failures:
            raise failures[0]
