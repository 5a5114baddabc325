"""The sections of report.md that hold what was timed and metered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benchmarks.report.charts import clock, scene_label
from benchmarks.report.figures import (
    MOST_SPREAD,
    NONE,
    configuration,
    first_of_each,
    short,
    stage_ms,
    table,
)
from benchmarks.report.schema import Peer, Power, Report, Timing
from edge.service.board import Health


def listed(parts: Sequence[str]) -> str:
    """Return ``one, two and three``."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def heading(title: str, *shown: str) -> Iterator[str]:
    """Yield the lines that begin a section, and show pictures in it."""
    yield ""
    yield f"## {title}"
    yield ""
    for picture in shown:
        yield f"![{title}: {picture.partition('.')[0]}]({picture})"
        yield ""


def _percentiles(timing: Timing) -> list[str]:
    unsteady = " (unsteady)" if timing.spread > MOST_SPREAD else ""
    spread = f"{100 * timing.spread:.1f} %{unsteady}"
    return [*(short(one) for one in (timing.p50, timing.p90, timing.p99)), spread]


def _inference(report: Report, pictures: frozenset[str]) -> Iterator[str]:
    if not report.inference:
        return
    yield from heading("One inference", *pictures & {"latency.svg"})
    yield from table(
        ["ms", "median", "90 %", "99 %", "spread of windows", "a second", "load", "first"],
        [
            [
                configuration(one.kind, one.threads, one.xnnpack),
                *_percentiles(one.timing),
                short(one.timing.per_s),
                short(one.load_ms),
                short(one.first_ms),
            ]
            for one in report.inference
        ],
    )


def _frames(report: Report, pictures: frozenset[str]) -> Iterator[str]:
    if not report.flat_out:
        return
    yield from heading("Frame to decision, flat out", *sorted(pictures & {"fps.svg", "stages.svg"}))
    stages = list(dict.fromkeys(name for one in report.flat_out for name in one.stages_ms))
    yield from table(
        ["ms a frame", "fps", "median", "90 %", "99 %", "spread of windows", *stages],
        [
            [
                scene_label(one.scene, one.faces),
                short(one.timing.per_s),
                *_percentiles(one.timing),
                *(stage_ms(one.stages_ms[s]) if s in one.stages_ms else NONE for s in stages),
            ]
            for one in report.flat_out
        ],
    )


def _camera(report: Report, _: frozenset[str]) -> Iterator[str]:
    if not report.camera_rate:
        return
    rate = short(report.method.camera_fps)
    yield from heading(f"Behind a camera of {rate} frames a second")

    def percentiles(found: dict[str, float]) -> str:
        return " / ".join(short(found[p]) for p in ("p50", "p90", "p99") if p in found) or NONE

    yield from table(
        [
            "50 / 90 / 99 % within",
            "of a core",
            "frame's age, ms",
            "to the pin, ms",
            "firings",
            "dropped",
        ],
        [
            [
                scene_label(one.scene, one.faces),
                f"{100 * one.cpu_share:.1f} %",
                percentiles(one.age_ms),
                percentiles(one.pin_ms),
                f"{one.firings:,}",
                f"{one.dropped:,} of {one.frames + one.dropped:,}",
            ]
            for one in report.camera_rate
        ],
    )


def _footprint(report: Report, _: frozenset[str]) -> Iterator[str]:
    if found := report.footprint:
        yield from heading("What the program takes")
        yield (
            f"`smile-gate run` judges its first frame {short(found.ready_s)} s after its start; it "
            f"holds {short(found.steady_mb)} MB, {short(found.peak_mb)} MB at most."
        )


def _heat(report: Report, pictures: frozenset[str]) -> Iterator[str]:
    if not report.sustained or not report.sustained.readings:
        return
    readings, knee = report.sustained.readings, report.sustained.knee_s
    yield from heading("Flat out for minutes", *pictures & {"heat.svg"})
    if knee is None:
        yield f"On one core the frame rate did not fall in {clock(readings[-1].at_s)} minutes."
    else:
        yield (
            f"After {clock(knee)} of {clock(readings[-1].at_s)} minutes the frame rate fell for "
            "good, by a tenth or more. One core was at work."
        )
    temperatures = [one.temperature_c for one in readings if one.temperature_c is not None]
    if temperatures:
        yield f"From {short(temperatures[0])} to {short(max(temperatures))} °C."
    warnings = dict.fromkeys(
        words for one in readings for words in Health(None, one.throttled).warnings
    )
    yield from (f"The firmware said: {words}." for words in warnings)


def _power(report: Report, pictures: frozenset[str]) -> Iterator[str]:
    if not (power := report.power):
        return
    yield from heading("Power", *pictures & {"power.svg"})
    yield from table(
        ["", "seconds", "without samples, s", "J", "mean, W", "frames"],
        [
            [
                one.name,
                short(one.seconds),
                short(one.gaps_s),
                short(one.joules),
                short(one.mean_w),
                f"{one.frames:,}",
            ]
            for one in power.phases
        ],
    )
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


def _peers(report: Report, pictures: frozenset[str]) -> Iterator[str]:
    if not report.peers:
        return
    yield from heading("Against others, in the same run", *pictures & {"peers.svg"})
    ours, *others = first_of_each(report.peers)
    yield from table(
        ["", "version", "a face, ms", "memory, MB", "right, %", *_scenes(report.peers)],
        [
            [
                peer.name,
                peer.version or NONE,
                short(peer.timing.p50) if peer.timing else NONE,
                short(peer.memory_mb) if peer.memory_mb is not None else NONE,
                short(peer.accuracy.percent, 4) if peer.accuracy else NONE,
                *(
                    short(peer.scene_fps[scene]) if scene in peer.scene_fps else NONE
                    for scene in _scenes(report.peers).values()
                ),
            ]
            for peer in report.peers
        ],
    )
    yield ""
    yield _verdict(ours, others)
    yield ""
    yield from (f"- {_against(ours, peer)}" for peer in others)


def _scenes(peers: Sequence[Peer]) -> dict[str, str]:
    """Return the head of a column for each scene that somebody was shown, and its name."""
    names = dict.fromkeys(scene for peer in peers for scene in peer.scene_fps)
    return {f"fps, {scene}": scene for scene in names}


def _verdict(ours: Peer, others: Sequence[Peer]) -> str:
    timed = [one.timing.p50 for one in others if one.timing]
    judged = [one.accuracy.percent for one in others if one.accuracy]
    parts = []
    if ours.timing and timed:
        faster = sum(ours.timing.p50 < one for one in timed)
        parts.append(f"faster than {faster} of {len(timed)} that could be timed")
    if ours.accuracy and judged:
        better = sum(ours.accuracy.percent > one for one in judged)
        parts.append(f"more accurate than {better} of {len(judged)} whose accuracy is known")
    return f"**{ours.name} is {listed(parts)}.**" if parts else "Nothing could be compared."


def _against(ours: Peer, peer: Peer) -> str:
    """Say by how much we are faster and more accurate than a peer, or are not."""
    if peer.error and not peer.timing:
        return f"{peer.name} could not be run: {peer.error}."
    failed = f" Then it failed: {peer.error}." if peer.error else ""
    parts = []
    if ours.timing and peer.timing:
        times = peer.timing.p50 / ours.timing.p50
        parts.append(
            f"{short(times)} times as fast"
            if times >= 1.0
            else f"**slower: it takes {short(1 / times)} times as long**"
        )
    if ours.accuracy and peer.accuracy:
        points = ours.accuracy.percent - peer.accuracy.percent
        answers = f"{abs(points):.2f} points"
        parts.append(
            f"more accurate by {answers}"
            if points > 0
            else f"**less accurate by {answers}**"
            if points < 0
            else "**just as accurate**"
        )
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


def accuracy(report: Report) -> Iterator[str]:
    """Yield the lines of the section on right answers, which no machine's speed changes."""
    if not report.accuracy:
        return
    yield from heading("Accuracy on GENKI-4K's test part")
    yield from table(
        ["", "right", "pictures", "%", "no face found"],
        [
            [one.who, str(one.right), str(one.images), f"{one.percent:.2f}", str(one.missed_faces)]
            for one in report.accuracy
        ],
    )


Section = Callable[[Report, frozenset[str]], Iterator[str]]
SECTIONS: tuple[Section, ...] = (
    _inference,
    _frames,
    _camera,
    _footprint,
    _heat,
    _power,
    _peers,
)
"""Each yields the lines of its part of a report, none without data; the pictures are there."""
