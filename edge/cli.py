"""The ``smile-gate`` command, one function per verb."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from edge import config
from edge.bundle import load_bundle
from edge.cameras import KINDS, open_camera
from edge.cameras.file import list_images
from edge.classifier import Classifier
from edge.errors import ImageError, SmileGateError
from edge.faces import FaceTracker, HaarDetector
from edge.frames import Box, Event
from edge.outputs import Outputs
from edge.pipeline import Pipeline, Timings
from edge.preprocess import read_grey
from edge.quiet import drop_stdout
from edge.stopping import Stopper
from edge.telemetry.events import EventWriter, log_event
from edge.trigger import Trigger

log = logging.getLogger(__name__)


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line instead of with the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 partly done, 2 refused or failed."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # file names may hold bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(message)s",
        stream=sys.stderr,
    )
    try:
        verb: Callable[[argparse.Namespace], int] = options.call
        code = verb(options)
        sys.stdout.flush()
    except SmileGateError as error:
        print(f"smile-gate: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone, as in `| head`
        drop_stdout()
        return 1
    except OSError as error:
        print(f"smile-gate: {error}", file=sys.stderr)
        drop_stdout()
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def run(options: argparse.Namespace) -> int:
    """Watch a source and fire the outputs on smiles."""
    settings = config.load(options.config) if options.config else config.Settings()
    if options.source is not None:
        camera_settings = msgspec.structs.replace(settings.camera, source=options.source)
        settings = msgspec.structs.replace(settings, camera=camera_settings)
    with ExitStack() as stack:
        stopper = stack.enter_context(Stopper())
        listeners: list[Callable[[Event], None]] = [log_event]
        if options.events is not None:
            listeners.append(stack.enter_context(closing(EventWriter(options.events))))

        def listen(event: Event) -> None:
            for listener in listeners:
                listener(event)

        classifier = _classifier(settings)
        detector = HaarDetector(settings.faces)
        # Pins before the camera: they are at their safe level from here on.
        outputs = stack.enter_context(closing(Outputs(settings.outputs, listen)))
        stopper.last_act = outputs.close
        camera = stack.enter_context(closing(open_camera(settings.camera)))
        # On the way out the order is the same: a camera may hang when it is closed.
        stack.callback(outputs.close)
        pipeline = Pipeline(
            camera=camera,
            faces=FaceTracker(detector, settings.faces.lost_s),
            classifier=classifier,
            trigger=Trigger(settings.trigger),
            outputs=outputs,
            listen=listen,
        )
        started = time.monotonic()
        pipeline.run(stopper.stop, realtime=options.realtime)
        _log_summary(pipeline.timings, time.monotonic() - started)
    return 0


def classify(options: argparse.Namespace) -> int:
    """Score the faces in images; a folder stands for the images in it."""
    settings = config.load(options.config) if options.config else config.Settings()
    classifier = _classifier(settings)
    detector = HaarDetector(settings.faces)
    images = list(_images(options.paths))
    failed = 0
    for name, missing in images:
        try:
            if missing is not None:
                raise missing
            grey = read_grey(Path(name))
        except ImageError as error:
            failed += 1
            if options.json:
                print(json.dumps({"file": name, "error": str(error)}))
            else:
                print(f"smile-gate: {error}", file=sys.stderr)
            continue
        if options.whole_image:
            whole = Box(0, 0, grey.shape[1], grey.shape[0])
            scored = [(whole, classifier.score_whole(grey))]
        else:
            boxes = [detection.box for detection in detector.find_in_still(grey)]
            scored = [(box, classifier.score_box(grey, box)) for box in boxes]
        threshold = classifier.manifest.threshold
        faces = [
            {"box": list(box), "score": round(score, 4), "smiling": score >= threshold}
            for box, score in scored
        ]
        if options.json:
            print(json.dumps({"file": name, "faces": faces}))
        else:
            print(f"{name}: {_in_words(faces)}")
    if all(missing for _, missing in images):  # nothing that could be an image was named
        return 2
    return 1 if failed else 0


def _images(names: Sequence[str]) -> Iterator[tuple[str, ImageError | None]]:
    """Yield each image's name as it was given, folders unfolded; an empty folder comes with its
    error."""
    for name in names:
        path = Path(name)
        try:
            inside = [str(image) for image in list_images(path)] if path.is_dir() else [name]
        except OSError as error:
            yield name, ImageError(f"{name}: expected an image or a folder, got: {error}", path)
            continue
        if not inside:
            yield name, ImageError(f"{name}: expected images in this folder, got none", path)
        yield from ((image, None) for image in inside)


def _in_words(faces: Sequence[Mapping[str, Any]]) -> str:
    if not faces:
        return "no face"
    return ", ".join(
        "{} {:.2f} at {},{} {}x{}".format(
            "smiling" if face["smiling"] else "not smiling", face["score"], *face["box"]
        )
        for face in faces
    )


def _classifier(settings: config.Settings) -> Classifier:
    return Classifier(load_bundle(Path(settings.model.bundle)), settings.model.threads)


def _log_summary(timings: Timings, seconds: float) -> None:
    fps = timings.frames / seconds if seconds > 0 else 0.0
    log.info("%d frames in %.1f s: %.0f frames per second", timings.frames, seconds, fps)
    medians = timings.medians_ms()
    if timings.frames:
        log.info(
            "median of a frame %.2f ms (%s), without the camera's %.2f ms",
            medians.pop("frame"),
            ", ".join(f"{name} {ms:.2f}" for name, ms in medians.items() if name != "camera"),
            medians["camera"],
        )


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="smile-gate", description=__doc__)
    parser.add_argument("--version", action="version", version=version("smile-gate"))
    common = OneLineParser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="TOML configuration")
    common.add_argument("-v", "--verbose", action="store_true", help="log at level DEBUG")
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)

    verb = verbs.add_parser("run", parents=[common], help=run.__doc__, description=run.__doc__)
    verb.add_argument(
        "--source",
        metavar="SPEC",
        help=f"instead of the configuration's camera.source: {KINDS}",
    )
    verb.add_argument(
        "--events", metavar="PATH", help="append events as JSON lines to a file; - is stdout"
    )
    verb.add_argument(
        "--realtime", action="store_true", help="play a recorded source at its own pace"
    )
    verb.set_defaults(call=run)

    verb = verbs.add_parser(
        "classify", parents=[common], help=classify.__doc__, description=classify.__doc__
    )
    verb.add_argument("paths", nargs="+", metavar="PATH", help="image or folder")
    verb.add_argument("--json", action="store_true", help="one JSON object a line")
    verb.add_argument(
        "--whole-image", action="store_true", help="images are face crops: skip the detector"
    )
    verb.set_defaults(call=classify)
    return parser


if __name__ == "__main__":
    sys.exit(main())
