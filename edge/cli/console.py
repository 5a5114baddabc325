"""What the command lines of the project share: errors in one line, and silent libraries."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import cv2

from edge.service.journal import in_one_line
from edge.service.status_socket import SOCKET


class OneLineParser(argparse.ArgumentParser):
    """Reports an error in the arguments in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        line = in_one_line(f"{self.prog}: {message}; see {self.prog} --help")
        self.exit(2, f"{line}\n")


def path(text: str) -> Path:
    """Convert an argument to a path; unlike a shell, also where ``~`` follows a ``=``.

    Raises:
        ArgumentTypeError: the argument is empty, as an unset variable of a shell is.
    """
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got an empty one")
    return Path(os.path.expanduser(text))  # noqa: PTH111  (Path.expanduser raises at ~nobody)


def number(low: float, high: float, words: str = "") -> Callable[[str], float]:
    """Return a type of arguments: a number from ``low`` to ``high``. ``words`` stand before the
    range where another number is refused."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {words}{low:g} to {high:g}, got {text!r}")
        return value

    return convert


def add_socket_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--socket``, by which a verb asks the running gate."""
    parser.add_argument(
        "--socket",
        type=path,
        default=SOCKET,
        metavar="PATH",
        help=f"where the running gate answers (default {SOCKET})",
    )


Verb = Callable[[argparse.Namespace], int]
"""Takes the parsed arguments and returns the exit code. Its docstring is its help."""


class Verbs:
    """The verbs of a command, or the acts of a verb, as subparsers. The parsed arguments have the
    chosen verb's function as ``function``.

    Args:
        parser: of the command, or of the verb.
        dest: the attribute of the parsed arguments for the name chosen.
        common: the arguments that all verbs have.
    """

    def __init__(self, parser: OneLineParser, dest: str, common: OneLineParser) -> None:
        self._subparsers = parser.add_subparsers(
            dest=dest, required=True, parser_class=OneLineParser
        )
        self._common = common

    def add(self, name: str, verb: Verb) -> OneLineParser:
        """Add a verb and return its parser for the arguments of its own."""
        parser = self._subparsers.add_parser(
            name, parents=[self._common], help=verb.__doc__, description=verb.__doc__
        )
        parser.set_defaults(function=verb)
        return parser

    def group(self, name: str, description: str) -> Verbs:
        """Add a verb with acts and return the acts."""
        parser = self._subparsers.add_parser(name, help=description, description=description)
        return Verbs(parser, "act", self._common)


def silence_libraries() -> None:
    """Keep OpenCV, FFmpeg and libcamera from printing lines.

    Their failures reach the caller as exceptions or return values.
    """
    # Read once, when OpenCV first loads FFmpeg; -8 is FFmpeg's "quiet".
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("LIBCAMERA_LOG_LEVELS", "*:FATAL")
    if hasattr(cv2, "setLogLevel"):  # Debian's OpenCV has it there, PyPI's does not
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def drop_stdout() -> None:
    """Discard the rest of standard output, whose reader has gone: otherwise Python prints an error
    when it exits."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
