"""``python -m benchmarks.peers``: measure this project and its peers alone, or choose the peers'
thresholds anew."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.arguments import add_data
from benchmarks.peers.measure import WAYS, Way, choose_threshold, locate_genki, measure_peers
from benchmarks.report.schema import Peer
from benchmarks.simulate.scenes import QUICK
from edge.cli.console import OneLineParser, silence_libraries
from edge.errors import SmileGateError

CHOSEN = ("OpenCV smile cascade", "fer", "MediaPipe Face Landmarker")
"""Ways with a threshold of their own."""


def show(peer: Peer) -> None:
    """Print a peer's figures."""
    print(f"{peer.name} ({peer.version})" if peer.version else peer.name)
    if peer.error:
        print(f"  {peer.error}")
    if peer.timing:
        print(f"  a face: {peer.timing.p50:.3f} ms, 90th percentile {peer.timing.p90:.3f} ms")
    if peer.memory_mb:
        print(f"  memory: {peer.memory_mb:.0f} MB")
    for scene, recall in peer.scene_recall.items():
        fps = f"{peer.scene_fps[scene]:.0f} fps" if scene in peer.scene_fps else "-"
        print(f"  {scene}: {fps}, {100 * recall:.0f} % of faces seen")
    if accuracy := peer.accuracy:
        print(
            f"  GENKI-4K test part: {accuracy.percent:.2f} %, {accuracy.right} of "
            f"{accuracy.images} right, {accuracy.missed_faces} faces missed"
        )
    sys.stdout.flush()


def thresholds(data: Path, ways: Mapping[str, Way]) -> None:
    """Choose and print each way's threshold by GENKI-4K's train and validation parts."""
    faces = locate_genki(data, "train", "validation")
    for name, way in ways.items():
        try:
            with closing(way()) as scorer:
                chosen = choose_threshold(scorer, faces)
        except SmileGateError as error:
            print(f"{name}: {error}")
            continue
        print(f"{name}: {chosen:.3g}, in use {scorer.threshold:g}", flush=True)


def main(arguments: Sequence[str] | None = None, ways: Mapping[str, Way] = WAYS) -> int:
    """Measure these ways; return the exit code: 0 done, 2 refused or failed, 130 after Ctrl-C."""
    parser = OneLineParser(prog="python -m benchmarks.peers", description=__doc__)
    add_data(parser, required=False)
    parser.add_argument("--quick", action="store_true", help="short windows, few frames")
    parser.add_argument(
        "--thresholds", action="store_true", help="choose the peers' thresholds; wants --data"
    )
    options = parser.parse_args(arguments)
    silence_libraries()
    if options.thresholds and options.data is None:
        parser.error("expected --data with --thresholds, got none")
    try:
        if options.thresholds:
            thresholds(options.data, {name: ways[name] for name in ways if name in CHOSEN})
            return 0
        faces = locate_genki(options.data, "test") if options.data else []
        measure = partial(measure_peers, faces, ways=ways)
        if options.quick:
            measure = partial(measure, windows=2, window_s=0.2, scenes=QUICK[:3], frames=8)
        for peer in measure():
            show(peer)
    except (SmileGateError, OSError) as error:
        print(f"benchmarks.peers: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks.peers: interrupted", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
