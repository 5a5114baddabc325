"""Train and evaluate smile networks on a workstation."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import OneLineParser, silence_libraries
from edge.errors import SmileGateError
from edge.faces.open import open_detector
from edge.settings.load import load_configuration
from train.datasets import load
from train.detection import evaluate_detector, read_true_faces
from train.evaluation import evaluate_bundle


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 2 refused or failed."""
    options = _parser().parse_args(arguments)
    silence_libraries()
    try:
        options.call(options)
    except (SmileGateError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: interrupted; the same command goes on from the last epoch", file=sys.stderr)
        return 130
    return 0


def fit(options: argparse.Namespace) -> None:
    """Fit a recipe; continues an interrupted run of the same command."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from train.fit import fit as fit_recipe  # TensorFlow takes seconds to import

    best = fit_recipe(
        options.recipe,
        options.data,
        options.out,
        sets=options.set,
        epochs=options.epochs,
        seed=options.seed,
    )
    print(best)


def evaluate(options: argparse.Namespace) -> None:
    """Print the accuracy of a bundle's int8 model on the test splits."""
    results = evaluate_bundle(options.bundle, options.data, options.set)
    for name, result in results.items():
        print(
            f"{name:22} {result.percent:6.2f} %  {result.correct} of {result.images} right, "
            f"{result.missed_faces} faces missed"
        )


def faces(options: argparse.Namespace) -> None:
    """Print how often the detector detects the face in GENKI-4K's test pictures."""
    detector = open_detector(load_configuration(options.config).settings.faces)
    pictures = load(options.data, ["genki4k"])
    print(evaluate_detector(detector.find_in_still, pictures, read_true_faces()).line())


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _parser() -> OneLineParser:
    parser = OneLineParser(prog="python -m train", description=__doc__)
    data = OneLineParser(add_help=False)
    default = os.environ.get("SMILE_GATE_DATA") or None
    data.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        required=default is None,
        help="folder with genki4k, SMILEsmileD, fer2013, each a folder or .tar "
        "(default: $SMILE_GATE_DATA)",
    )
    sets = OneLineParser(add_help=False)
    sets.add_argument(
        "--set", action="append", default=[], metavar="NAME", help="only this set; repeatable"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, parser_class=OneLineParser)

    verb = verbs.add_parser("fit", parents=[data, sets], help=fit.__doc__, description=fit.__doc__)
    verb.add_argument("recipe", metavar="RECIPE", help="name of a network, such as smilenet")
    verb.add_argument("--out", type=Path, required=True, metavar="DIR", help="where results go")
    verb.add_argument("--epochs", type=_count, metavar="N", help="instead of the recipe's")
    verb.add_argument("--seed", type=int, default=42, metavar="N", help="default 42")
    verb.set_defaults(call=fit)

    verb = verbs.add_parser(
        "evaluate", parents=[data, sets], help=evaluate.__doc__, description=evaluate.__doc__
    )
    verb.add_argument("bundle", type=Path, metavar="BUNDLE", help="bundle folder")
    verb.set_defaults(call=evaluate)

    verb = verbs.add_parser("faces", parents=[data], help=faces.__doc__, description=faces.__doc__)
    verb.add_argument("--config", type=Path, metavar="FILE", help="whose [faces] to use")
    verb.set_defaults(call=faces)
    return parser
