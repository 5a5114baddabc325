"""An example of a report with all its parts, and reports that differ from it."""

from __future__ import annotations

import math
from typing import Any

from msgspec.structs import replace

from benchmarks.report import schema
from benchmarks.report.schema import Peer, Report, Timing

BUNDLE = "5e" * 32
DEVICE = schema.Device(
    name="raspberry-pi-5",
    model="Raspberry Pi 5 Model B Rev 1.0",
    revision="c04170",
    soc="brcm,bcm2712",
    cores=4,
    memory_mb=4096,
    architecture="aarch64",
    os="Debian GNU/Linux 12 (bookworm)",
    kernel="6.12.25+rpt-rpi-2712",
    governor="ondemand",
    clock_mhz=2400.0,
    cooling=("pwm-fan",),
    runtimes={"python": "3.11.2", "ai-edge-litert": "1.3.0", "opencv": "4.11.0"},
)
METHOD = schema.Method(
    bundle=BUNDLE, windows=5, window_s=2.0, camera_fps=30.0, sustained_s=600.0, power_s=60.0
)
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("inference", "flat_out", "camera_rate", "peers", "accuracy"), ()),
    **dict.fromkeys(("footprint", "sustained", "power"), None),
}
"""The fields of a report in which nothing was measured."""
SCENES = {
    "0 still at 640x480": (0, 1.2),
    "1 walking at 640x480": (1, 3.1),
    "4 still at 640x480": (4, 4.9),
    "12 still at 1131x679": (12, 12.5),
}


def timing(ms: float) -> Timing:
    windows = tuple(ms * factor for factor in (1.0, 1.01, 0.99, 1.02, 1.005))
    return Timing(p50=ms, p90=1.1 * ms, p99=1.45 * ms, per_s=1e3 / (1.03 * ms), windows=windows)


def inference(kind: Any, threads: int, ms: float, *, xnnpack: bool = True) -> schema.Inference:
    return schema.Inference(
        kind=kind,
        threads=threads,
        xnnpack=xnnpack,
        load_ms=3.2,
        first_ms=1.8 * ms,
        timing=timing(ms),
    )


def sustained(seconds: int = 600, cooled: bool = False) -> schema.Sustained:
    """Ten minutes in which the machine heats up and, unless cooled, is slower from 6:40 on."""
    readings = []
    for at in range(5, seconds + 1, 5):
        hot = at >= 400 and not cooled
        readings.append(
            schema.Reading(
                at_s=float(at),
                fps=(322.0 if not hot else 262.0) + 4.0 * math.sin(at),
                temperature_c=85.0 - 40.0 * math.exp(-at / 150.0),
                clock_mhz=2400.0 if not hot else 1900.0 + 100.0 * math.sin(at),
                throttled=0xE0008 if hot else 0,
            )
        )
    return schema.Sustained(readings=tuple(readings), knee_s=None if cooled else 400.0)


def phase(name: Any, watts: float, frames: int, seconds: float = 60.0) -> schema.Phase:
    """A phase with a sample each tenth of a second, and a gap of three seconds."""
    times = [at / 10 for at in range(round(10 * seconds)) if not 200 <= at < 230]
    samples = tuple(schema.Sample(at, watts + 0.15 * math.sin(7.1 * at * at)) for at in times)
    return schema.Phase(
        name=name,
        seconds=seconds,
        frames=frames,
        joules=watts * (seconds - 3.0),
        mean_w=watts,
        gaps_s=3.0,
        samples=samples,
    )


POWER = schema.Power(
    meter="pmic",
    covers="the board",
    estimate=True,
    rate_hz=10.0,
    phases=(phase("idle", 2.6, 0), phase("camera rate", 3.1, 1800), phase("flat out", 4.9, 19000)),
    joules_per_frame=0.01547,
    joules_per_frame_above_idle=0.00726,
)


def accuracy(who: str, right: int, bundle: str = "") -> schema.Accuracy:
    return schema.Accuracy(who=who, images=800, right=right, missed_faces=2, bundle=bundle)


def peer(name: str, ms: float, right: int | None, fps: float) -> Peer:
    return Peer(
        name=name,
        version="1.0",
        timing=timing(ms),
        scene_fps={"1 walking at 640x480": fps, "12 still at 1131x679": fps / 8},
        memory_mb=80.0 + 10.0 * ms,
        accuracy=None if right is None else accuracy(name, right),
    )


def full_report(**changes: Any) -> Report:
    report = Report(
        date="2026-11-02T10:20:30+00:00",
        version="0.1.0",
        device=DEVICE,
        method=METHOD,
        overhead=0.006,
        inference=(
            inference("int8", 1, 0.52),
            inference("int8", 2, 0.35),
            inference("int8", 4, 0.31),
            inference("int8", 1, 2.9, xnnpack=False),
            inference("float32", 1, 1.31),
        ),
        flat_out=tuple(
            schema.FlatOut(
                scene=scene,
                faces=faces,
                timing=timing(ms),
                stages_ms={
                    "faces": 0.95 * ms - 0.7 * (faces > 0) - 0.1 * faces,
                    "classifier": 0.6 * (faces > 0) + 0.1 * faces,
                    "trigger": 0.02,
                },
            )
            for scene, (faces, ms) in SCENES.items()
        ),
        camera_rate=tuple(
            schema.CameraRate(
                scene=scene,
                faces=faces,
                cpu_share=0.05 + 0.03 * faces,
                age_ms={"p50": 4.0 + faces, "p90": 5.0 + faces, "p99": 7.5 + faces},
                pin_ms={"p50": 4.5 + faces, "p90": 5.5 + faces, "p99": 8.2 + faces},
                firings=30,
                frames=1800,
                dropped=faces - 1,
            )
            for scene, faces in (("1 walking at 640x480", 1), ("4 still at 640x480", 4))
        ),
        footprint=schema.Footprint(ready_s=0.85, peak_mb=92.4, steady_mb=88.1),
        sustained=sustained(),
        power=POWER,
        peers=(
            peer("smilenet", 1.05, 762, 320.0),
            peer("OpenCV's smile cascade", 1.62, 588, 14.2),
            peer("fer", 0.81, 742, 14.5),
            Peer(name="MediaPipe", version="", error="no wheel for this machine"),
        ),
        accuracy=(accuracy("smilenet", 762, BUNDLE),),
    )
    return replace(report, **changes)


def other_device(name: str, model: str, slower: float) -> Report:
    """The same run on a machine whose times are longer by this factor."""
    report = full_report()
    return replace(
        report,
        device=replace(DEVICE, name=name, model=model),
        inference=(inference("int8", 1, 0.52 * slower),),
        flat_out=tuple(
            replace(scene, timing=timing(scene.timing.p50 * slower)) for scene in report.flat_out
        ),
        power=replace(POWER, joules_per_frame=0.01547 * (0.6 + 0.4 * slower)),
    )
