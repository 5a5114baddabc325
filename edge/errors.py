"""Every error a user can cause. One sentence each: what was expected, what was got, where."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import ClassVar

PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EIO, errno.EAGAIN}
"""The system's error numbers for failures that may pass: nothing is wrong with the request."""


class SmileGateError(Exception):
    """Base of all errors that end a command with one line on stderr and exit code 2.

    Attributes:
        passing: True for a kind of error that may be gone at the next try, without any repair.
    """

    passing: ClassVar[bool] = False


def may_pass(error: BaseException) -> bool:
    """Tell whether what failed may succeed at the next try, without any repair."""
    if not isinstance(error, SmileGateError):
        return isinstance(error, OSError)
    cause = error.__cause__
    return error.passing or (isinstance(cause, OSError) and cause.errno in PASSING)


class ConfigError(SmileGateError, ValueError):
    """A setting is unknown, out of range or contradicts another. The message says the origin, the
    key and the reason.

    Attributes:
        reason: what was expected and what was got.
        key: dotted name of the setting, for example ``trigger.hold_s``; empty for the whole file.
        origin: where the value comes from: the path of a configuration file, the names of
            environment variables, a verb or an option of the command; empty where not known.
    """

    def __init__(self, reason: str, key: str = "", origin: Path | str = "") -> None:
        super().__init__(": ".join(str(part) for part in (origin, key, reason) if part))
        self.reason = reason
        self.key = key
        self.origin = origin

    def at(self, key: str = "", origin: Path | str = "") -> ConfigError:
        """Return this error with what its raiser did not know: another key or origin."""
        return ConfigError(self.reason, key or self.key, origin or self.origin)


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
        source: the source as the user wrote it, for example ``v4l2:/dev/video0``, but of a URL
            without user info and without the values of its query.
    """

    passing = True

    def __init__(self, message: str, source: str) -> None:
        super().__init__(message)
        self.source = source


class FrameError(CameraError):
    """A frame is damaged; the next frame may be good."""


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
    """Another program holds the pin, perhaps another smile-gate."""


class LeakError(SmileGateError, MemoryError):
    """The gate uses more memory than it ever should."""

    passing = True


class TelemetryError(SmileGateError, OSError):
    """The file for the events can't be opened."""

    passing = True


class RecordingError(SmileGateError, OSError):
    """A plot or a video can't be written.

    Attributes:
        path: the file.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class StatusError(SmileGateError, OSError):
    """No running gate answers, or the status socket can't be opened."""

    passing = True


class CalibrationError(SmileGateError, ValueError):
    """The scores are too few, or too close to each other, to propose thresholds."""


class TruthError(SmileGateError, ValueError):
    """A file of labels is missing or not valid."""
