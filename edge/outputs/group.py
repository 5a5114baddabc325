"""All outputs of a configuration: decisions fan out to them, and one failure harms no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

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
        device: this device's name; empty if the frames are a recorded source's.
        open_output: opens one output, as ``edge.outputs.open.open_output`` does.

    Attributes:
        armed: False while they are disarmed; see ``set_armed``.

    Raises:
        OutputError: a pin can't be had; those opened before are safe and closed again.
    """

    def __init__(
        self,
        settings: Mapping[str, AnyOutputSettings],
        listen: Listen,
        *,
        device: str = "",
        open_output: OpenOutput = open_output,
    ) -> None:
        self.device = device
        self._listen = listen
        self._frame_came_at = time.monotonic()  # the last frame, and its time
        self._frame_time = self._frame_came_at if device else 0.0
        self.armed = True
        self._arming = threading.Lock()  # held from a look at armed until outputs have acted on it
        self._faults = Faults(self._publish, self._show_fault, self.now)
        self.watchdog = StallWatchdog(self._stalled, time.monotonic)
        self.opened: list[Output] = []
        # Commands hear what the others make known from their start on. They are made safe last, as
        # it takes longer to kill a program than to drive a pin.
        commands_first = sorted(
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
            An event for each output that acts: ``fired``, or ``countdown`` if it acts later.
        """
        self._frame_time, self._frame_came_at = decision.time, time.monotonic()
        self.watchdog.frame_came()
        with self._arming:
            fired = self._act(decision, frame) if self.armed else []
        self._faults.end("stalled")
        if not (decision.too_many and self.armed):
            self._faults.end("rate")
        elif not self._faults.has("rate"):
            self._make_safe()
            self._faults.begin("rate", "too many firings in a minute (trigger.max_per_minute)")
        return fired

    def _act(self, decision: Decision, frame: Frame | None) -> list[Event]:
        fired = []
        if decision.fire:
            now = time.monotonic()
            firing = Firing(
                decision.time,
                decision.face,
                frame,
                now,
                device=self.device,
                scores=decision.scores,
            )
            acting = [output for output in self.opened if output.fire(firing)]
            fired = [output.fired(firing) for output in acting]
            if delay_s := max((output.delay_s for output in acting), default=0.0):
                for output in self.opened:
                    output.show_countdown(firing.requested_at + delay_s)
        for output in self.opened:
            output.process_frame(decision, frame)
        return fired

    def set_armed(self, armed: bool) -> None:
        """Arm or disarm all outputs; from any thread. While they are disarmed, they stay safe and
        no frame reaches them. They are armed at first."""
        with self._arming:
            if armed == self.armed:
                return
            self.armed = armed
            if not armed:
                self._make_safe()

    def watch(self, stall_s: float) -> None:
        """Make all outputs safe whenever no ``step`` came for ``stall_s`` seconds since the last,
        until ``end`` or ``close``; called again, it changes the time."""
        self.watchdog.watch(stall_s)

    def camera_lost(self, reason: str) -> None:
        """Make all outputs safe until there are frames again."""
        self._expect_no_frames()
        self._make_safe()
        self._tell(Event(self.now(), "camera_lost", {"reason": reason}))
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

    def faces_left(self) -> None:
        """Let every output know that the last face has left."""
        for output in self.opened:
            output.faces_left()

    def end_smiles(self) -> None:
        """Let every output know that no smile is under way."""
        with self._arming:
            for output in self.opened if self.armed else []:
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

    @property
    def failed_without_a_success(self) -> int:
        """How many actions failed, if all did; 0 if one or more succeeded."""
        if any(output.successes for output in self.opened):
            return 0
        return sum(output.failures for output in self.opened)

    def stop(self) -> None:
        """Drive every output to its safe level, now and for good; from any thread.

        Raises:
            OutputError: an output could not be made safe; the others are.
        """
        self.watchdog.stop()
        _call_all(lambda output: output.stop(), reversed(self.opened))

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
        for output in reversed(self.opened):
            try:
                output.safe()
            except OutputError as error:
                output.report_failure(str(error))

    def _publish(self, event: Event) -> None:
        self._listen(event)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        event = event.stamped(self.device)
        for output in self.opened:
            output.hear(event)

    def _show_fault(self, fault: Fault | None) -> None:
        for output in self.opened:
            output.show_fault(fault)

    def now(self) -> float:
        """Return the time in the frames' seconds."""
        return self._frame_time + time.monotonic() - self._frame_came_at


def _call_all(act: Callable[[Output], None], outputs: Iterable[Output]) -> None:
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
