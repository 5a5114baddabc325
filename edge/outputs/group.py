"""What a firing does to the world. The only code that touches it."""

from __future__ import annotations

import logging
import math
import threading
import time as clock
from collections.abc import Callable, Mapping, Sequence

from edge.errors import OutputError
from edge.outputs.open import open_output
from edge.outputs.output import Firing, Output
from edge.settings import AnyOutputSettings
from edge.values import FAULTS, Decision, Event, Fault, Frame

log = logging.getLogger(__name__)


class Outputs:
    """All outputs of a configuration, each at its safe level from the start.

    Args:
        settings: by name.
        listen: is told ``released``, ``saved``, ``fault`` and ``fault_over``.

    Raises:
        OutputError: a pin can't be had; those opened before are safe and closed again.
    """

    def __init__(
        self, settings: Mapping[str, AnyOutputSettings], listen: Callable[[Event], None]
    ) -> None:
        self._listen = listen
        self._lock = threading.Lock()
        self._faults: dict[tuple[Fault, str], str] = {}
        self._time = 0.0  # of the last frame, and when it came
        self._came = clock.monotonic()
        self._expecting = False
        self._stall_s = math.inf
        self._watching = False
        self._ended = threading.Event()
        self.opened: list[Output] = []
        try:
            for name, one in settings.items():
                self.opened.append(open_output(name, one, listen, self._report))
        except BaseException:
            self.close()
            raise

    def step(self, decision: Decision, frame: Frame | None = None) -> list[Event]:
        """Let every output see a frame, and fire if the decision says so; returns at once.

        Returns:
            A ``fired`` event for each output that acts.
        """
        self._time, self._came = decision.time, clock.monotonic()
        self._expecting = True
        fired = []
        if decision.fire:
            firing = Firing(decision.time, decision.face, frame, self._came)
            fired = [output.fired(firing) for output in self.opened if output.fire(firing)]
        for output in self.opened:
            output.see(decision, frame)
        self._set_fault("stalled", "", "")
        refused = "too many firings in a minute (trigger.max_per_minute)"
        self._set_fault("rate", "", refused if decision.too_many else "")
        return fired

    def watch(self, stall_s: float) -> None:
        """Make all outputs safe whenever no ``step`` came for ``stall_s`` seconds since the last,
        until ``end`` or ``close``; called again, it changes the time."""
        self._stall_s = stall_s
        if not self._watching:
            self._watching = True
            threading.Thread(target=self._watch, name="stall watch", daemon=True).start()

    def _watch(self) -> None:
        while not self._ended.wait(min(0.1, self._stall_s / 4)):
            if self._expecting and clock.monotonic() - self._came > self._stall_s:
                self._expecting = False
                self._make_safe()
                self._set_fault("stalled", "", f"no frame was judged for {self._stall_s:g} s")

    def lose_camera(self, reason: str) -> None:
        """Make all outputs safe until there are frames again, the camera being lost for this
        reason; with an empty one it is back."""
        self._expecting = False
        self._time = self._came = clock.monotonic()  # a live camera's time; maybe before any frame
        if reason:
            self._make_safe()
        self._set_fault("camera", "", reason)

    def camera_lost(self, reason: str) -> None:
        """Make all outputs safe until there are frames again."""
        self.lose_camera(reason)

    def camera_back(self) -> None:
        """End the fault of a lost camera."""
        self.lose_camera("")

    def end(self) -> None:
        """Expect no more frames: smiles are over, and none is a stall."""
        self._ended.set()
        self._expecting = False
        self.see_nobody()

    def see_nobody(self) -> None:
        """Let every output see that no smile is under way."""
        for output in self.opened:
            output.see(Decision(self._time), None)

    @property
    def idle(self) -> bool:
        """True when no output is at work."""
        return all(output.idle for output in self.opened)

    @property
    def faults(self) -> list[str]:
        """What is wrong now, in words."""
        with self._lock:
            return list(self._faults.values())

    def stop(self) -> None:
        """Drive every output to its safe level, now and for good; from any thread.

        Raises:
            OutputError: an output could not be made safe; the others are.
        """
        self._ended.set()
        self._each(Output.stop)

    def close(self) -> None:
        """As ``stop``, and free all pins; may be called more than once.

        Raises:
            OutputError: as ``stop``.
        """
        try:
            self.stop()
        finally:
            opened, self.opened = self.opened, []
            self._each(Output.close, opened)

    def _each(self, act: Callable[[Output], None], outputs: Sequence[Output] | None = None) -> None:
        failures = []
        for output in self.opened if outputs is None else outputs:
            try:
                act(output)
            except OutputError as error:
                failures.append(error)
        if failures:
            for failure in failures[1:]:
                log.error("%s", failure)
            raise failures[0]

    def _make_safe(self) -> None:
        """Make all outputs safe for now; one that fails is a fault."""
        for output in self.opened:
            try:
                output.safe()
            except OutputError as error:
                output.fail(str(error))

    def _report(self, name: str, reason: str) -> None:
        self._set_fault("output", name, reason)

    def _set_fault(self, fault: Fault, output: str, reason: str) -> None:
        """Note and tell a fault, or with an empty reason its end."""
        key = (fault, output)
        with self._lock:
            if self._faults.get(key, "") == reason:
                return
            if reason:
                self._faults[key] = reason
            else:
                del self._faults[key]
            worst = min((one for one, _ in self._faults), key=FAULTS.index, default=None)
        if fault == "rate" and reason:
            self._make_safe()
        for one in self.opened:
            one.show(worst)
        facts: dict[str, str] = {"fault": fault}
        if output:
            facts["output"] = output
        if reason:
            facts["reason"] = reason
        time = self._time + clock.monotonic() - self._came
        self._listen(Event(time, "fault" if reason else "fault_over", facts))
