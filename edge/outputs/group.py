"""All outputs of a configuration: decisions fan out to them, and one failure harms no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from edge.errors import OutputError
from edge.outputs.faults import Faults, Listen
from edge.outputs.open import OpenOutput, open_output
from edge.outputs.output import Firing, Output
from edge.outputs.stall_watchdog import StallWatchdog
from edge.settings import AnyOutputSettings, CommandSettings
from edge.values import Decision, Event, Fault, Frame

log = logging.getLogger(__name__)


class Outputs:
    """All outputs of a configuration, each at its safe level from the start.

    Args:
        settings: by name.
        listen: receives the events ``released``, ``saved``, ``fault`` and ``fault_over``.
        open_output: opens one output, as ``edge.outputs.open.open_output`` does.

    Raises:
        OutputError: a pin can't be had; those opened before are safe and closed again.
    """

    def __init__(
        self,
        settings: Mapping[str, AnyOutputSettings],
        listen: Listen,
        *,
        open_output: OpenOutput = open_output,
    ) -> None:
        self._frame_time = 0.0  # of the last frame, and when that came
        self._frame_came_at = time.monotonic()
        self._listen = listen
        self._faults = Faults(self._publish, self._show_fault, self._now)
        self.watchdog = StallWatchdog(self._stalled, time.monotonic)
        self.opened: list[Output] = []
        commands_first = sorted(  # they hear what the others make known from their start on
            settings.items(), key=lambda named: not isinstance(named[1], CommandSettings)
        )
        try:
            for name, output in commands_first:
                self.opened.append(open_output(name, output, self._publish, self._faults))
        except BaseException:
            self.close()
            raise

    def step(self, decision: Decision, frame: Frame | None = None) -> list[Event]:
        """Let every output process a frame, and fire if the decision says so; returns at once.

        Returns:
            A ``fired`` event for each output that acts.
        """
        self._frame_time, self._frame_came_at = decision.time, time.monotonic()
        self.watchdog.frame_came()
        fired = []
        if decision.fire:
            firing = Firing(
                decision.time, decision.face, frame, time.monotonic(), scores=decision.scores
            )
            fired = [output.fired(firing) for output in self.opened if output.fire(firing)]
        for output in self.opened:
            output.process_frame(decision, frame)
        self._faults.end("stalled")
        if not decision.too_many:
            self._faults.end("rate")
        elif not self._faults.has("rate"):
            self._make_safe()
            self._faults.begin("rate", "too many firings in a minute (trigger.max_per_minute)")
        return fired

    def watch(self, stall_s: float) -> None:
        """Make all outputs safe whenever no ``step`` came for ``stall_s`` seconds since the last,
        until ``end`` or ``close``; called again, it changes the time."""
        self.watchdog.watch(stall_s)

    def camera_lost(self, reason: str) -> None:
        """Make all outputs safe until there are frames again."""
        self._expect_no_frames()
        self._make_safe()
        self._tell(Event(self._now(), "camera_lost", {"reason": reason}))
        self._faults.begin("camera", reason)

    def camera_back(self) -> None:
        """Note that the camera works again."""
        self._expect_no_frames()
        self._faults.end("camera")

    def end(self) -> None:
        """Expect no more frames: smiles are over, and a missing frame is no stall."""
        self.watchdog.stop()
        self.watchdog.pause()
        self.end_smiles()

    def end_smiles(self) -> None:
        """Let every output know that no smile is under way."""
        for output in self.opened:
            output.process_frame(Decision(self._frame_time), None)

    @property
    def idle(self) -> bool:
        """True when no output is at work."""
        # Twice: a picture that was saved meanwhile may have started a command.
        return all(output.idle for output in (*self.opened, *self.opened))

    @property
    def faults(self) -> list[str]:
        """What is wrong now, in words."""
        return self._faults.reasons

    def stop(self) -> None:
        """Drive every output to its safe level, now and for good; from any thread.

        Raises:
            OutputError: an output could not be made safe; the others are.
        """
        self.watchdog.stop()
        _call_all(lambda output: output.stop(), self.opened)

    def close(self) -> None:
        """Stop as ``stop`` does, and free all pins; may be called more than once.

        Raises:
            OutputError: an output could not be made safe; the others are.
        """
        try:
            self.stop()
        finally:
            opened, self.opened = self.opened, []
            _call_all(lambda output: output.close(), opened)

    def _expect_no_frames(self) -> None:
        self.watchdog.pause()
        # The time of a live camera's frames, as there may have been no frame yet.
        self._frame_time = self._frame_came_at = time.monotonic()

    def _stalled(self, stall_s: float) -> None:
        self._make_safe()
        self._faults.begin("stalled", f"no frame was judged for {stall_s:g} s")

    def _make_safe(self) -> None:
        """Make all outputs safe for now; an output that fails is a fault."""
        for output in self.opened:
            try:
                output.safe()
            except OutputError as error:
                output.report_failure(str(error))

    def _publish(self, event: Event) -> None:
        self._listen(event)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        for output in self.opened:
            output.hear(event)

    def _show_fault(self, fault: Fault | None) -> None:
        for output in self.opened:
            output.show_fault(fault)

    def _now(self) -> float:
        """Return the time in the frames' seconds."""
        return self._frame_time + time.monotonic() - self._frame_came_at


def _call_all(act: Callable[[Output], None], outputs: Sequence[Output]) -> None:
    failures = []
    for output in outputs:
        try:
            act(output)
        except OutputError as error:
            failures.append(error)
    if failures:
        for failure in failures[1:]:
            log.error("%s", failure)
        raise failures[0]
