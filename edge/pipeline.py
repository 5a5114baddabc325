"""Wires the stages, tells listeners what happens, and times each stage."""

from __future__ import annotations

import statistics
import threading
import time as clock
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from edge.cameras.camera import Camera
from edge.errors import CameraError, ImageError
from edge.faces.open import open_detector
from edge.faces.tracker import FaceTracker
from edge.model.classifier import Classifier
from edge.model.open import open_classifier
from edge.outputs.group import Outputs
from edge.settings import Settings
from edge.trigger import Trigger
from edge.values import Decision, Event, EventName, Frame, SmileScore

STAGES = ("camera", "faces", "classifier", "trigger", "outputs")


class Timings:
    """How long the last frames took, by stage, in seconds of wall time.

    Attributes:
        frames: how many frames were judged in all.
        stages: the last times of each stage, oldest first; ``frame`` is the time from having a
            frame to having acted on it: all stages but the camera.
    """

    KEPT = 2000

    def __init__(self) -> None:
        self.frames = 0
        self.stages: dict[str, deque[float]] = {
            name: deque(maxlen=self.KEPT) for name in (*STAGES, "frame")
        }

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the body of a ``with`` as one run of a stage."""
        started = clock.perf_counter()
        yield
        self.stages[name].append(clock.perf_counter() - started)

    def medians_ms(self) -> dict[str, float]:
        """Return the median of each stage that has run, in milliseconds."""
        return {name: statistics.median(kept) * 1e3 for name, kept in self.stages.items() if kept}


class Stages(NamedTuple):
    """The stages between camera and outputs, which need neither camera nor pins.

    Attributes:
        faces: finds and follows faces.
        classifier: scores each face.
        trigger: decides when a smile fires.
    """

    faces: FaceTracker
    classifier: Classifier
    trigger: Trigger


def open_stages(settings: Settings) -> Stages:
    """Open the stages that the settings ask for.

    Raises:
        BundleError: the model is missing, damaged, or fails its self-test.
        ConfigError: the face detector's file is missing or not of its kind.
        EdgeTpuError: the settings insist on an Edge TPU, and none works.
        MissingPackageError: a package that a stage needs is not installed.
    """
    return Stages(
        FaceTracker(open_detector(settings.faces), settings.faces),
        open_classifier(settings),
        Trigger(settings.trigger),
    )


class Pipeline:
    """The one way through: camera, faces, classifier, trigger, outputs.

    ``listen`` is told events, ``judged`` the scores of each frame when all is done with it;
    ``timings`` are gone on with, if there are some.
    """

    def __init__(
        self,
        stages: Stages,
        *,
        camera: Camera,
        outputs: Outputs,
        listen: Callable[[Event], None],
        judged: Callable[[Sequence[SmileScore]], None] = lambda _: None,
        timings: Timings | None = None,
    ) -> None:
        self._camera = camera
        self._faces, self._classifier, self._trigger = stages
        self._outputs = outputs
        self._listen = listen
        self._judged = judged
        self._time = 0.0
        self.timings = timings or Timings()

    def run(self, stop: threading.Event, *, realtime: bool = False, stall_s: float = 2.0) -> None:
        """Judge frames until the source ends or ``stop`` is set.

        At the end of a source the outputs at work are waited for; at ``stop`` they are not, and it
        may be run again.
        Camera and outputs are closed by who opened them.

        Args:
            stop: ends the run within a frame.
            realtime: play a recorded source at its own pace instead of as fast as possible.
            stall_s: outputs are made safe when there is no frame for this long, in seconds.

        Raises:
            CameraError: the source failed; listeners were told ``camera_lost``.
            ImageError: an image of a folder can't be read; likewise.
        """
        time = clock.monotonic() if self._camera.live else 0.0
        began: float | None = None  # when the source's time 0 was, or would have been
        self._outputs.watch(max(stall_s, 3.0 / self._camera.fps))
        while not stop.is_set():
            try:
                with self.timings.stage("camera"):
                    frame = self._camera.read()
            except (CameraError, ImageError) as error:
                self._listen(Event(time, "camera_lost", {"reason": str(error)}))
                raise
            if frame is None:
                break
            time = frame.time
            began = clock.monotonic() - time if began is None else began
            ahead = began + time - clock.monotonic()
            if realtime and not self._camera.live and stop.wait(max(0.0, ahead)):
                break
            self.step(frame)
            del frame  # not kept while the next is waited for: a camera has few
        if stop.is_set():
            return
        self._outputs.end()
        while not self._outputs.idle and not stop.wait(0.005):
            pass

    def step(self, frame: Frame) -> Decision:
        """Take one frame all the way through."""
        self._time = frame.time
        known = self._faces.known
        with self.timings.stage("frame"):
            with self.timings.stage("faces"):
                faces = self._faces.find(frame)
            with self.timings.stage("classifier"):
                scores = [self._classifier.score(frame, face) for face in faces]
            with self.timings.stage("trigger"):
                decision = self._trigger.step(frame.time, scores)
            with self.timings.stage("outputs"):
                fired = self._outputs.step(decision, frame)
        self.timings.frames += 1
        self._tell(decision, known, self._faces.known)
        for event in fired:
            self._listen(event)
        self._judged(scores)
        return decision

    def forget(self, *, keep_faces: bool) -> None:
        """Tell that smiles are over, and unless they are followed on, that faces are lost: stages
        that know nothing of them are about to take over."""
        known = self._faces.known
        time = clock.monotonic() if self._camera.live else self._time
        self._tell(self._trigger.forget(time), known, known if keep_faces else ())
        self._outputs.end_smiles()

    def _tell(
        self, decision: Decision, known_before: Collection[int], known: Collection[int]
    ) -> None:
        changes: list[tuple[EventName, Collection[int]]] = [
            ("face_found", [face for face in known if face not in known_before]),
            ("smile_on", decision.smile_on),
            ("smile_off", decision.smile_off),
            ("face_lost", [face for face in known_before if face not in known]),
        ]
        for name, faces in changes:
            for face in faces:
                self._listen(Event(decision.time, name, {"face": face}))
