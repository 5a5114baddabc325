"""The sections of report.md that contain measurements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.report.formatting import NONE, clock, listed, short, stage_ms, table
from benchmarks.report.schema import Peer, Power, Report, Timing
from edge.service.board import Health

Section = tuple[str, Sequence[str], Iterable[str]]
"""Title, files of the charts, and lines; no lines without data."""


def timed_sections(report: Report) -> Iterator[Section]:
    """Yield the sections that depend on the machine."""
    yield "One inference", ["latency.svg"], _inference(report)
    yield "Frame to decision, flat out", ["fps.svg", "stages.svg"], _frames(report)
    rate = short(report.method.camera_fps)
    yield f"Behind a camera of {rate} frames a second", [], _camera(report)
    yield "What the program takes", [], _footprint(report)
    yield "Flat out for minutes", ["heat.svg"], _heat(report)
    yield "Power", ["power.svg"], _power(report)
    yield "Against others, in the same run", ["peers.svg"], _peers(report)


def accuracy(report: Report) -> Section:
    """Return the section on accuracy, which does not depend on the machine."""
    rows = [
        [row.who, str(row.right), str(row.images), f"{row.percent:.2f}", str(row.missed_faces)]
        for row in report.accuracy
    ]
    lines = _table(["", "right", "pictures", "%", "no face found"], rows)
    return "Accuracy on GENKI-4K's test part", [], lines


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return table(head, rows) if rows else []


def _percentiles(timing: Timing) -> list[str]:
    unsteady = " (unsteady)" if timing.unsteady else ""
    spread = f"{100 * timing.spread:.1f} %{unsteady}"
    return [*map(short, (timing.p50, timing.p90, timing.p99)), spread]


def _inference(report: Report) -> list[str]:
    rows = [
        [
            run.label,
            *_percentiles(run.timing),
            *map(short, (run.timing.per_s, run.load_ms, run.first_ms)),
        ]
        for run in report.inference
    ]
    head = ["ms", "median", "90 %", "99 %", "spread of windows", "a second", "load", "first"]
    return _table(head, rows)


def _frames(report: Report) -> list[str]:
    stages = list(dict.fromkeys(name for scene in report.flat_out for name in scene.stages_ms))
    rows = [
        [
            scene.label,
            short(scene.timing.per_s),
            *_percentiles(scene.timing),
            *(stage_ms(scene.stages_ms[s]) if s in scene.stages_ms else NONE for s in stages),
        ]
        for scene in report.flat_out
    ]
    head = ["ms a frame", "fps", "median", "90 %", "99 %", "spread of windows", *stages]
    return _table(head, rows)


def _camera(report: Report) -> list[str]:
    def percentiles(ms: dict[str, float]) -> str:
        return " / ".join(short(ms[p]) for p in ("p50", "p90", "p99") if p in ms) or NONE

    rows = [
        [
            scene.label,
            f"{100 * scene.cpu_share:.1f} %",
            percentiles(scene.age_ms),
            percentiles(scene.pin_ms),
            f"{scene.firings:,}",
            f"{scene.dropped:,} of {scene.frames + scene.dropped:,}",
        ]
        for scene in report.camera_rate
    ]
    times = ["frame's age, ms", "to the pin, ms"]
    return _table(["50 / 90 / 99 % within", "of a core", *times, "firings", "dropped"], rows)


def _footprint(report: Report) -> Iterator[str]:
    if footprint := report.footprint:
        steady, peak = short(footprint.steady_mb), short(footprint.peak_mb)
        yield (
            f"`smile-gate run` judges its first frame {short(footprint.ready_s)} s after its "
            f"start; it holds {steady} MB, {peak} MB at most."
        )


def _heat(report: Report) -> Iterator[str]:
    if not report.sustained or not report.sustained.readings:
        return
    readings, knee = report.sustained.readings, report.sustained.knee_s
    if knee is None:
        yield f"On one core the frame rate did not fall in {clock(readings[-1].at_s)} minutes."
    else:
        yield (
            f"After {clock(knee)} of {clock(readings[-1].at_s)} minutes the frame rate fell for "
            "good, by a tenth or more. One core was at work."
        )
    temperatures = [each.temperature_c for each in readings if each.temperature_c is not None]
    if temperatures:
        yield f"From {short(temperatures[0])} to {short(max(temperatures))} °C."
    warnings = dict.fromkeys(
        words for reading in readings for words in Health(None, reading.throttled).warnings
    )
    yield from (f"The firmware said: {words}." for words in warnings)


def _power(report: Report) -> Iterator[str]:
    if not (power := report.power):
        return
    rows = [
        [
            phase.name,
            *map(short, (phase.seconds, phase.gaps_s, phase.joules, phase.mean_w)),
            f"{phase.frames:,}",
        ]
        for phase in power.phases
    ]
    yield from table(["", "seconds", "without samples, s", "J", "mean, W", "frames"], rows)
    yield ""
    if power.joules_per_frame is not None:
        above = power.joules_per_frame_above_idle
        less = f"; above idle, {short(1e3 * above)} mJ" if above is not None else ""
        yield f"Flat out a frame takes {short(1e3 * power.joules_per_frame)} mJ{less}."
    yield _meter(power)


def _meter(power: Power) -> str:
    limits = "of a range that is not known"
    if power.range_w:
        limits = f"from {short(power.range_w[0])} to {short(power.range_w[1])} W"
    step = f"in steps of {short(power.resolution_w)} W" if power.resolution_w else "of unknown step"
    estimate = " Its maker calls it an estimate." if power.estimate else ""
    return (
        f"Measured by the meter `{power.meter}`, {limits}, {step}, to be read "
        f"{short(power.rate_hz)} times a second.{estimate} It covers {power.covers}."
    )


def _peers(report: Report) -> Iterator[str]:
    if not report.peers:
        return
    scenes = list(dict.fromkeys(scene for peer in report.peers for scene in peer.scene_fps))
    rows = [
        [
            peer.name,
            peer.version or NONE,
            short(peer.timing.p50) if peer.timing else NONE,
            short(peer.memory_mb) if peer.memory_mb is not None else NONE,
            short(peer.accuracy.percent, 4) if peer.accuracy else NONE,
            *(short(peer.scene_fps[s]) if s in peer.scene_fps else NONE for s in scenes),
        ]
        for peer in report.peers
    ]
    columns = [f"fps, {scene}" for scene in scenes]
    yield from table(["", "version", "a face, ms", "memory, MB", "right, %", *columns], rows)
    ours, *others = report.distinct_peers
    yield f"\n{_verdict(ours, others)}\n"
    yield from (f"- {_against(ours, peer)}" for peer in others)


def _verdict(ours: Peer, others: Sequence[Peer]) -> str:
    times = [peer.timing.p50 for peer in others if peer.timing]
    percents = [peer.accuracy.percent for peer in others if peer.accuracy]
    parts = []
    if ours.timing and times:
        faster = sum(ours.timing.p50 < ms for ms in times)
        parts.append(f"faster than {faster} of {len(times)} that could be timed")
    if ours.accuracy and percents:
        better = sum(ours.accuracy.percent > percent for percent in percents)
        parts.append(f"more accurate than {better} of {len(percents)} whose accuracy is known")
    return f"**{ours.name} is {listed(parts)}.**" if parts else "Nothing could be compared."


def _against(ours: Peer, peer: Peer) -> str:
    """Return how much faster or slower, and more or less accurate, our classifier is."""
    if peer.error and not peer.timing:
        return f"{peer.name} could not be run: {peer.error}."
    failed = f" Then it failed: {peer.error}." if peer.error else ""
    parts = []
    if ours.timing and peer.timing:
        times = peer.timing.p50 / ours.timing.p50
        slower = f"**slower: it takes {short(1 / times)} times as long**"
        parts.append(f"{short(times)} times as fast" if times >= 1.0 else slower)
    if ours.accuracy and peer.accuracy:
        points = ours.accuracy.percent - peer.accuracy.percent
        if points > 0:
            parts.append(f"more accurate by {points:.2f} points")
        elif points < 0:
            parts.append(f"**less accurate by {-points:.2f} points**")
        else:
            parts.append("**just as accurate**")
    if not parts:
        return f"{peer.name}: nothing that could be compared.{failed}"
    return f"Against {peer.name}, {ours.name} is {listed(parts)}{_on_scenes(ours, peer)}.{failed}"


def _on_scenes(ours: Peer, peer: Peer) -> str:
    times = [ours.scene_fps[s] / fps for s, fps in peer.scene_fps.items() if s in ours.scene_fps]
    if not times:
        return ""
    least, most = short(min(times)), short(max(times))
    span = least if least == most else f"{least} to {most}"
    many = f"{span} times as many frames a second"
    return f"; on whole scenes it judges {f'**{many}**' if min(times) < 1.0 else many}"
