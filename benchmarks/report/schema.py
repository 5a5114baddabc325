"""What one run of the benchmarks found on one device: report.json, schema and file.

All times are in milliseconds unless their name says otherwise. A figure that was not measured is
None or absent, never invented.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from edge.atomic_file import written
from edge.errors import SmileGateError

SCHEMA = 1
REPORT = "report.json"

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class ReportError(SmileGateError, ValueError):
    """A report is missing, of another schema, or not one."""


class Device(Struct, frozen=True, kw_only=True):
    """The machine.

    Attributes:
        name: of its folder under reports/, such as ``raspberry-pi-5-model-b``, ``x86-64-2-cores``.
        model: board by its device tree, or the processor.
        revision: the board's, hexadecimal; empty elsewhere.
        soc: system on a chip by the device tree; empty elsewhere.
        cores: that this process may use.
        memory_mb: of the machine.
        architecture: as ``uname -m`` has it.
        os: by /etc/os-release.
        kernel: its release.
        governor, clock_mhz: of the processor's clock, and its highest, where the kernel shows them.
        cooling: names of the kernel's cooling devices.
        emulated: the processor is; times then mean nothing.
        runtimes: versions, Python's too.
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
    """How it was measured; reports of unlike methods can't be compared.

    Attributes:
        bundle: SHA-256 of the manifest of the bundle that was measured.
        windows: how many there are of each figure, after one for warm-up.
        window_s: how long one is, at least.
        camera_fps: of the simulated camera.
        sustained_s: length of the run that looks for heat.
        power_s: length of each of the runs for power.
    """

    bundle: str
    windows: int
    window_s: float
    camera_fps: float
    sustained_s: float
    power_s: float


class Timing(Struct, frozen=True, kw_only=True):
    """One thing timed again and again, in windows (MLPerf Tiny's way).

    Attributes:
        p50, p90, p99: medians over the windows of each window's percentile.
        per_s: median over the windows of how many were done in a second.
        windows: each window's median, to see how steady they are.
    """

    p50: NotNegative
    p90: NotNegative
    p99: NotNegative
    per_s: NotNegative
    windows: Annotated[tuple[Positive, ...], Meta(min_length=1)]

    @property
    def spread(self) -> float:
        """How far the windows' medians lie apart, as a share of the smallest."""
        return max(self.windows) / min(self.windows) - 1.0


class Inference(Struct, frozen=True, kw_only=True):
    """The classifier alone.

    Attributes:
        kind: the model's numbers and where they run.
        threads: of the interpreter.
        xnnpack: whether LiteRT's XNNPACK delegate ran it.
        load_ms: from bytes to an interpreter with its tensors.
        first_ms: first inference.
        timing: of the inferences after that.
    """

    kind: Literal["int8", "float32", "edge tpu"]
    threads: int
    xnnpack: bool
    load_ms: NotNegative
    first_ms: NotNegative
    timing: Timing


class FlatOut(Struct, frozen=True, kw_only=True):
    """Frame to decision on a scene, as fast as it goes, one core.

    Attributes:
        scene, faces: its name, and how many are in it.
        timing: of whole frames; ``per_s`` is frames per second.
        stages_ms: median of each stage.
    """

    scene: str
    faces: int
    timing: Timing
    stages_ms: dict[str, float]


class CameraRate(Struct, frozen=True, kw_only=True):
    """The whole path behind a camera at its own rate.

    Attributes:
        scene, faces: its name, and how many are in it.
        cpu_share: processor seconds a second, 1.0 is one core.
        age_ms: of frames when they are decided on; by percentile, ``p50``, ``p90``, ``p99``.
        pin_ms: from the time of the frame that fires to the pin's edge; likewise.
        firings: how many there were, for the percentiles of these.
        frames: how many were judged.
        dropped: frames that were too old to be judged.
    """

    scene: str
    faces: int
    cpu_share: NotNegative
    age_ms: dict[str, float]
    pin_ms: dict[str, float]
    firings: int
    frames: int
    dropped: int


class Footprint(Struct, frozen=True, kw_only=True):
    """What ``smile-gate run`` takes; memory is resident, in MB."""

    ready_s: NotNegative
    peak_mb: NotNegative
    steady_mb: NotNegative


class Reading(Struct, frozen=True, kw_only=True):
    """One moment of the sustained run.

    Attributes:
        at_s: since its start.
        fps: frames per second since the reading before.
        temperature_c: of the hottest part.
        clock_mhz: of the processor, of the fastest core.
        throttled: bits of the firmware's ``get_throttled``.
    """

    at_s: NotNegative
    fps: NotNegative
    temperature_c: float | None = None
    clock_mhz: float | None = None
    throttled: int | None = None


class Sustained(Struct, frozen=True, kw_only=True):
    """Flat out for minutes.

    Attributes:
        readings: in order.
        knee_s: when the frame rate fell for good by a tenth below its first minute's; None if not.
    """

    readings: tuple[Reading, ...]
    knee_s: float | None = None


class Sample(Struct, frozen=True, array_like=True):
    """Power at a time: seconds since the phase began, watts."""

    at_s: float
    watts: float


class Stretch(Struct, frozen=True, kw_only=True):
    """A while of one thing, from when (ISO 8601, the machine's clock), and frames judged in it."""

    name: Literal["idle", "camera rate", "flat out"]
    started: str = ""
    seconds: NotNegative
    frames: int


class Phase(Stretch, frozen=True, kw_only=True):
    """Power meanwhile.

    Attributes:
        joules: the integral of the samples, by trapezoids; what fell into gaps is left out.
        mean_w: joules over the time that they cover.
        gaps_s: time without samples.
    """

    joules: float
    mean_w: float
    gaps_s: NotNegative
    samples: tuple[Sample, ...]


class Power(Struct, frozen=True, kw_only=True):
    """From a run of its own.

    Attributes:
        meter, covers: its name, and what is measured: the board, the processor package.
        estimate: the meter's maker calls it one.
        range_w: the least and most it can show; None if unknown.
        resolution_w: smallest step, likewise.
        rate_hz: samples a second that were wanted.
        joules_per_frame: of flat out, over all that the meter covers.
        joules_per_frame_above_idle: the same less the idle power; only a difference.
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
    """Right answers on the GENKI-4K test part, by those who answer.

    Attributes:
        who: a bundle's or a peer's name.
        images: how many.
        right: of them.
        missed_faces: pictures in which no face was found, which count as not smiling.
        bundle: SHA-256 of the bundle's manifest, to tell whether it is the one that was timed;
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
    """Another way to tell smiles, run on the same crops and scenes; we are the first of the rows.

    A name with a comma is another way to run what goes by the name before it.

    Attributes:
        name: of it.
        version: of the package or model that was run.
        timing: of one face crop, one thread.
        scene_fps: frames per second on scenes, by the scene's name; with the common face search of
            the frame for those that only judge crops; scenes whose faces it does not see are left
            out.
        scene_recall: share of each scene's faces that it saw.
        memory_mb: peak of a process that judges crops by it.
        accuracy: on GENKI-4K's test part; None without the data.
        error: why it could not be run, or not to the end; what was measured before is kept.
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
    """All of it.

    Attributes:
        schema: of this file.
        date: ISO 8601, of the start.
        version: smile-gate's.
        partial: why it is not whole; empty if it is.
        noisy: what made the times doubtful, a line each; empty if nothing did.
        left_out: what can't be measured here and why, a line each; no failure as ``partial`` is.
        unmetered: when the runs for power were, until an external meter's recording is read.
        overhead: share of a walking face's frame rate that measuring costs; None if unknown.
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


class _Schema(Struct, frozen=True):
    schema: Any = None


def read_report(path: Path) -> Report:
    """Read a report, by its file or its folder.

    Raises:
        ReportError: it is missing, of another schema, or not a report.
    """
    path = path / REPORT if path.is_dir() else path
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: expected a report, got: {error.strerror}") from error
    try:
        schema = msgspec.json.decode(text, type=_Schema).schema
        if schema != SCHEMA:
            raise ReportError(
                f"{path}: expected a report of schema {SCHEMA}, got {schema}: measure again"
            )
        return msgspec.json.decode(text, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: not a report: {error}") from error


def write_report(report: Report, folder: Path) -> None:
    """Write report.json into a folder, which is made, so that it is whole or not there.

    Raises:
        OSError: it can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The schema is a default, which would be left out.
    content = {"schema": report.schema, **_rounded(msgspec.to_builtins(report))}
    text = msgspec.json.format(msgspec.json.encode(content), indent=1)
    publish(folder / REPORT, text + b"\n")


def publish(path: Path, data: bytes) -> None:
    """Write a file that all may read, so that it is whole or not there.

    Raises:
        OSError: it can't be written.
    """
    with written(data, path.absolute().parent, f".{path.stem}-", path.suffix) as new:
        new.chmod(0o644)
        new.replace(path)


def _rounded(value: Any) -> Any:
    """Keep five digits of each figure: more are noise."""
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return value
