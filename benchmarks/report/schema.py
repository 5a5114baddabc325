"""The schema of a report: what a run of the benchmarks measured on a device.

Times are in milliseconds unless the field's name says otherwise. A value that was not measured is
None, empty or absent; nothing is estimated.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from benchmarks.report.formatting import configuration, faces_in

SCHEMA = 1
MOST_SPREAD = 0.05
"""Windows are unsteady if their medians differ by more than this share."""
GAP_PERIODS = 5.0
"""Two samples of a power meter have a gap between them from this number of periods on."""

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class Device(Struct, frozen=True, kw_only=True):
    """The machine.

    Attributes:
        name: of its folder under reports/, such as ``raspberry-pi-5-model-b``, ``x86-64-2-cores``.
        model: the board's name in the device tree, or the processor's name.
        revision, soc: of the board, hexadecimal, and its system on a chip, from the device tree;
            empty for other machines.
        cores: number of cores that this process may use.
        memory_mb: total memory of the machine.
        architecture, kernel: as printed by ``uname -m`` and ``uname -r``.
        os: name of the system in /etc/os-release.
        governor, clock_mhz: clock governor and highest clock of the processor, where known.
        cooling: names of the kernel's cooling devices.
        emulated: whether the processor is emulated; its times then mean nothing.
        runtimes: versions of Python and of the libraries, by name.
    """

    name: str
    model: str
    revision: str = ""
    soc: str = ""
    cores: int
    memory_mb: int
    architecture: str
    os: str
    kernel: str
    governor: str = ""
    clock_mhz: float | None = None
    cooling: tuple[str, ...] = ()
    emulated: bool = False
    runtimes: dict[str, str]


class Method(Struct, frozen=True, kw_only=True):
    """How the device was measured; only reports of equal methods can be compared.

    Attributes:
        bundle: SHA-256 of the manifest of the bundle that was measured.
        windows: number of timing windows of each figure, without the warm-up.
        window_s: shortest length of a window.
        camera_fps: frame rate of the simulated camera.
        sustained_s: length of the sustained run, in which the device heats up.
        power_s: length of each phase of the power measurement.
    """

    bundle: str
    windows: int
    window_s: float
    camera_fps: float
    sustained_s: float
    power_s: float


class Timing(Struct, frozen=True, kw_only=True):
    """The time of one operation, repeated in windows as MLPerf Tiny does.

    Attributes:
        p50, p90, p99: medians over the windows of each window's percentile.
        per_s: median over the windows of the operations per second.
        windows: the median of each window; their spread shows how steady the times are.
    """

    p50: NotNegative
    p90: NotNegative
    p99: NotNegative
    per_s: NotNegative
    windows: Annotated[tuple[Positive, ...], Meta(min_length=1)]

    @property
    def spread(self) -> float:
        """Distance between the largest and the smallest median, as a share of the smallest."""
        return max(self.windows) / min(self.windows) - 1.0

    @property
    def unsteady(self) -> bool:
        """Whether the spread is above ``MOST_SPREAD``."""
        return self.spread > MOST_SPREAD


class Inference(Struct, frozen=True, kw_only=True):
    """The classifier alone.

    Attributes:
        kind: number format of the model, or the accelerator.
        threads: number of threads of the interpreter.
        xnnpack: whether LiteRT's XNNPACK delegate ran the model.
        load_ms: from the model's bytes to an interpreter with allocated tensors.
        first_ms: the first inference.
        timing: of the later inferences.
    """

    kind: Literal["int8", "float32", "edge tpu"]
    threads: int
    xnnpack: bool
    load_ms: NotNegative
    first_ms: NotNegative
    timing: Timing

    @property
    def label(self) -> str:
        return configuration(self.kind, self.threads, self.xnnpack)


class OnScene(Struct, frozen=True, kw_only=True):
    """What was measured on a scene with this name and this number of faces."""

    scene: str
    faces: int

    @property
    def label(self) -> str:
        """The scene in words, such as ``4 faces, still at 640x480``."""
        return f"{faces_in(self.faces)}, {self.scene.partition(' ')[2] or self.scene}"


class FlatOut(OnScene, frozen=True, kw_only=True):
    """From the frame to the decision on a scene, at full speed on one core.

    Attributes:
        timing: of whole frames; ``per_s`` is frames per second.
        stages_ms: median time of each pipeline stage, by its name.
    """

    timing: Timing
    stages_ms: dict[str, float]


class CameraRate(OnScene, frozen=True, kw_only=True):
    """From the frame to the pin, behind a simulated camera at the camera's frame rate.

    Attributes:
        cpu_share: processor seconds per second; 1.0 is one core.
        age_ms: age of frames at their decision, by percentile: ``p50``, ``p90``, ``p99``.
        pin_ms: from the time of the firing frame to the pin's edge, by the same percentiles.
        firings: number of firings behind the percentiles of ``pin_ms``.
        frames: number of frames that were processed.
        dropped: number of frames that were too old to be processed.
    """

    cpu_share: NotNegative
    age_ms: dict[str, float]
    pin_ms: dict[str, float]
    firings: int
    frames: int
    dropped: int


class Footprint(Struct, frozen=True, kw_only=True):
    """Start time and resident memory of ``smile-gate run``, in seconds and MB."""

    ready_s: NotNegative
    peak_mb: NotNegative
    steady_mb: NotNegative


class Reading(Struct, frozen=True, kw_only=True):
    """One moment of the sustained run.

    Attributes:
        at_s: time since the start of the run.
        fps: frames per second since the reading before.
        temperature_c: of the hottest sensor.
        clock_mhz: clock of the fastest core.
        throttled: bits of the firmware's ``get_throttled``.
    """

    at_s: NotNegative
    fps: NotNegative
    temperature_c: float | None = None
    clock_mhz: float | None = None
    throttled: int | None = None


class Sustained(Struct, frozen=True, kw_only=True):
    """Minutes at full speed.

    Attributes:
        readings: in the order of time.
        knee_s: from when on the frame rate stayed a tenth below the rate of the first minute;
            None if the frame rate did not fall.
    """

    readings: tuple[Reading, ...]
    knee_s: float | None = None


class Sample(Struct, frozen=True, array_like=True):
    """A reading of a power meter: seconds since the phase began, watts."""

    at_s: float
    watts: float


class Stretch(Struct, frozen=True, kw_only=True):
    """A phase of the power measurement, during which the device does one thing.

    Attributes:
        name: what the device does.
        started: ISO 8601, by the machine's clock.
        seconds: length of the phase.
        frames: number of frames that were processed.
    """

    name: Literal["idle", "camera rate", "flat out"]
    started: str = ""
    seconds: NotNegative
    frames: int


class Phase(Stretch, frozen=True, kw_only=True):
    """A phase with the power that was measured.

    Attributes:
        joules: integral of the samples by trapezoids, without the gaps.
        mean_w: joules divided by the time that the samples cover.
        gaps_s: time without samples.
        samples: of the power meter.
    """

    joules: float
    mean_w: float
    gaps_s: NotNegative
    samples: tuple[Sample, ...]


class Power(Struct, frozen=True, kw_only=True):
    """The power measurement, a separate run.

    Attributes:
        meter: name of the power meter.
        covers: what the meter measures, such as the board or the processor package.
        estimate: whether the meter's maker calls its values estimates.
        range_w: lowest and highest power that the meter can show; None if unknown.
        resolution_w: smallest step of the meter; None if unknown.
        rate_hz: intended samples per second.
        phases: in the order of measurement.
        joules_per_frame: energy of a frame at full speed, over all that the meter covers.
        joules_per_frame_above_idle: the same energy without the idle power.
    """

    meter: str
    covers: str
    estimate: bool
    range_w: tuple[float, float] | None = None
    resolution_w: float | None = None
    rate_hz: Positive
    phases: tuple[Phase, ...]
    joules_per_frame: float | None = None
    joules_per_frame_above_idle: float | None = None


class Accuracy(Struct, frozen=True, kw_only=True):
    """Correct answers on the test part of GENKI-4K.

    Attributes:
        who: name of the bundle or peer.
        images: number of images.
        right: number of correct answers.
        missed_faces: number of images in which no face was detected; they count as not smiling.
        bundle: SHA-256 of the bundle's manifest, which tells whether this bundle was also timed;
            empty for a peer.
    """

    who: str
    images: Annotated[int, Meta(gt=0)]
    right: int
    missed_faces: int
    bundle: str = ""

    @property
    def percent(self) -> float:
        return 100.0 * self.right / self.images


class Peer(Struct, frozen=True, kw_only=True):
    """A smile classifier, run on the same crops and scenes; the first of a report is our own.

    Attributes:
        name: of the peer; a comma is followed by the name of a further way to run the same peer.
        version: of the package or model that was run.
        timing: of one face crop on one thread.
        scene_fps: frames per second by the scene's name; peers that only classify crops run behind
            a common face detector; scenes in which the peer sees no face are absent.
        scene_recall: share of the faces that the peer detected, by the scene's name.
        memory_mb: peak memory of a process that classifies crops with the peer.
        accuracy: on the test part of GENKI-4K; None without the data.
        error: why the peer failed; values measured before the failure are kept.
    """

    name: str
    version: str
    timing: Timing | None = None
    scene_fps: dict[str, float] = {}
    scene_recall: dict[str, float] = {}
    memory_mb: float | None = None
    accuracy: Accuracy | None = None
    error: str = ""


class Report(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole report.

    Attributes:
        schema: version of the file's schema.
        date: ISO 8601, of the start.
        version: of smile-gate.
        partial: why the run ended early; empty if it did not.
        noisy: reasons to doubt the times.
        left_out: what this machine can't measure, and why.
        unmetered: phases for which the recording of an external power meter is still missing.
        overhead: share of the frame rate with one walking face that measuring costs.
    """

    schema: int = SCHEMA
    date: str
    version: str
    device: Device
    method: Method
    partial: str = ""
    noisy: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    overhead: float | None = None
    inference: tuple[Inference, ...] = ()
    flat_out: tuple[FlatOut, ...] = ()
    camera_rate: tuple[CameraRate, ...] = ()
    footprint: Footprint | None = None
    sustained: Sustained | None = None
    unmetered: tuple[Stretch, ...] = ()
    power: Power | None = None
    peers: tuple[Peer, ...] = ()
    accuracy: tuple[Accuracy, ...] = ()

    @property
    def distinct_peers(self) -> list[Peer]:
        """The peers without further ways to run the same peer."""
        first: dict[str, Peer] = {}
        for peer in self.peers:
            first.setdefault(peer.name.partition(",")[0], peer)
        return list(first.values())
