"""Connects the stages, reports events, and times each stage."""

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

Watch = Callable[[Frame, Sequence[SmileScore], Decision], None]
"""Is called with each processed frame, the scores of its faces and the decision; the frame is not
to be kept."""

STAGES = ("camera", "faces", "classifier", "trigger", "outputs")


class Timings:
    """How long the last frames took, by stage, in seconds of wall time.

    Attributes:
        frames: how many frames were processed in all.
        stages: the last times of each stage, oldest first; ``frame`` is all stages but the camera.
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
    """The stages between camera and outputs, which need neither camera nor pins."""

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

    Args:
        stages: faces, classifier and trigger.
        camera: where frames come from; closed by whoever opened it.
        outputs: what fires; closed by whoever opened them.
        listen: is called with each event.
        timings: is continued, for example after a reload; a new one by default.
        watch: is called when a frame is processed.

    Attributes:
        scores: of the faces in the last frame.
        timings: how long frames took.
    """

    def __init__(
        self,
        stages: Stages,
        *,
        camera: Camera,
        outputs: Outputs,
        listen: Callable[[Event], None],
        timings: Timings | None = None,
        watch: Watch = lambda *_: None,
    ) -> None:
        self._camera = camera
        self._faces, self._classifier, self._trigger = stages
        self._outputs = outputs
        self._listen = listen
        self._watch = watch
        self._time = 0.0
        self.scores: Sequence[SmileScore] = ()
        self.timings = timings or Timings()

    def run(
        self,
        stop: threading.Event,
        *,
        realtime: bool = False,
        stall_s: float = 2.0,
        after_frame: Callable[[], None] = lambda: None,
    ) -> None:
        """Process frames until the source ends or ``stop`` is set.

        At the end of a source, outputs at work are waited for; after ``stop`` they are not, and
        the pipeline may be run again.

        Args:
            stop: ends the run within a frame.
            realtime: play a recorded source at its own pace instead of as fast as possible.
            stall_s: outputs are made safe when there is no frame for this long, in seconds.
            after_frame: is called when a frame is processed and released.

        Raises:
            CameraError: the source failed; a ``camera_lost`` event was reported.
            ImageError: an image of a folder can't be read; a ``camera_lost`` event was reported.
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
            with frame:
                time = frame.time
                began = clock.monotonic() - time if began is None else began
                ahead = began + time - clock.monotonic()
                if realtime and not self._camera.live and stop.wait(max(0.0, ahead)):
                    break
                self.step(frame)
            after_frame()
        if stop.is_set():
            return
        self._outputs.end()
        while not self._outputs.idle and not stop.wait(0.005):
            pass

    def step(self, frame: Frame) -> Decision:
        """Take one frame through all stages; the frame stays its owner's to release."""
        self._time = frame.time
        known = self._faces.known
        with self.timings.stage("frame"):
            with self.timings.stage("faces"):
                faces = self._faces.find(frame)
            with self.timings.stage("classifier"):
                self.scores = [self._classifier.score(frame, face) for face in faces]
            with self.timings.stage("trigger"):
                armed = self._outputs.armed
                decision = self._trigger.step(frame.time, self.scores, armed=armed)
            with self.timings.stage("outputs"):
                fired = self._outputs.step(decision, frame)
                if known and not self._faces.known:
                    self._outputs.faces_left()
        self.timings.frames += 1
        self._report(decision, known, self._faces.known)
        for event in fired:
            self._listen(event)
        self._watch(frame, self.scores, decision)
        return decision

    def end_smiles(self, *, keep_faces: bool) -> None:
        """Report the end of all smiles, and unless ``keep_faces`` the loss of all faces, before
        stages without knowledge of them take over."""
        known = self._faces.known
        time = clock.monotonic() if self._camera.live else self._time
        self._report(self._trigger.forget(time), known, known if keep_faces else ())
        self._outputs.end_smiles()
        if not keep_faces:
            self._outputs.faces_left()

    def _report(
        self, decision: Decision, known_before: Collection[int], known: Collection[int]
    ) -> None:
        events: list[tuple[EventName, Collection[int]]] = [
            ("face_found", [face for face in known if face not in known_before]),
            ("smile_on", decision.smile_on),
            ("smile_off", decision.smile_off),
            ("face_lost", [face for face in known_before if face not in known]),
        ]
        for name, faces in events:
            for face in faces:
                self._listen(Event(decision.time, name, {"face": face}))
