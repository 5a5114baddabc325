"""Every error a user can cause. One sentence each: what was expected, what was got, where."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import ClassVar

PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EIO, errno.EAGAIN}
"""What the system says when it can't now, whatever it was asked for."""


class SmileGateError(Exception):
    """Base of all errors that end a command with one line on stderr and exit code 2.

    Attributes:
        passing: True for a kind that may be gone at the next try, with nothing mended by anybody.
    """

    passing: ClassVar[bool] = False


def may_pass(error: BaseException) -> bool:
    """Tell whether what failed may succeed at the next try, with nothing mended by anybody."""
    if not isinstance(error, SmileGateError):
        return isinstance(error, OSError)
    cause = error.__cause__
    return error.passing or (isinstance(cause, OSError) and cause.errno in PASSING)


class ConfigError(SmileGateError, ValueError):
    """A setting is unknown, out of range or contradicts another.

    Attributes:
        key: dotted name of the setting, for example ``trigger.hold_s``; empty for the whole file.
    """

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


class ImageError(SmileGateError, ValueError):
    """An image file is missing, cut short or in no format OpenCV knows.

    Attributes:
        path: the file.
    """

    def __init__(self, message: str, path: str | Path) -> None:
        super().__init__(message)
        self.path = Path(path)


class CameraError(SmileGateError, OSError):
    """A frame source can't be opened, or stopped delivering.

    Attributes:
        source: the source as the user wrote it, for example ``v4l2:/dev/video0``, but without
            name and password.
    """

    passing = True

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source


class FrameError(CameraError):
    """What a frame source gave is no picture; the next may be one."""


class BundleError(SmileGateError, ValueError):
    """A model bundle is missing, incomplete, altered or not of the kind expected.

    Attributes:
        reason: what was expected and what was got; the message says the path, too.
        path: the bundle's folder or the file in it.
    """

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        self.path = path


class EdgeTpuError(SmileGateError, RuntimeError):
    """A Coral accelerator is not there, or does not work.

    Attributes:
        library: path or name of the library that was to drive it.
    """

    passing = True

    def __init__(self, message: str, library: str) -> None:
        super().__init__(message)
        self.library = library


class MissingPackageError(SmileGateError, ImportError):
    """An optional package that this command needs is not installed.

    ``name`` (from ImportError) is the package.
    """


class OutputError(SmileGateError, RuntimeError):
    """An output can't be opened or does not work.

    Attributes:
        output: the output's name in the configuration.
        pin: its BCM pin number; None for an output without one.
    """

    passing = True

    def __init__(self, message: str, output: str, pin: int | None = None) -> None:
        super().__init__(message)
        self.output = output
        self.pin = pin


class PinInUseError(OutputError):
    """A pin is held by another program, perhaps by smile-gate itself."""


class LeakError(SmileGateError, MemoryError):
    """The gate has come to hold more memory than it ever should."""

    passing = True


class TelemetryError(SmileGateError, OSError):
    """The place that events are to be written to can't be opened."""

    passing = True


class StatusError(SmileGateError, OSError):
    """No running gate answers, or it can't listen for questions."""

    passing = True


class CalibrationError(SmileGateError, ValueError):
    """There is too little to propose thresholds from."""


class TruthError(SmileGateError, ValueError):
    """A file of labels is missing, or says what can't be."""
