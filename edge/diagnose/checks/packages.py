"""Checks of the Python packages."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from types import ModuleType

from msgspec import Struct

from edge.diagnose.checks.interface import Finding, Probes

REINSTALL = "./install.sh, which brings what apt has not"


class Package(Struct, frozen=True):
    """A package that the gate imports.

    Attributes:
        module: the module to import.
        install: the command that installs it.
        sources: the kinds of camera source that need it; empty where all do.
        instead: the module of another package that serves as well.
        board_only: True if only a Raspberry Pi needs it.
    """

    module: str
    install: str
    sources: tuple[str, ...] = ()
    instead: str = ""
    board_only: bool = False


LITERT = Package("ai_edge_litert.interpreter", REINSTALL, instead="tflite_runtime.interpreter")
PACKAGES = (
    Package("numpy", "sudo apt install python3-numpy"),
    Package("cv2", "sudo apt install python3-opencv"),
    LITERT,
    Package("gpiozero", "sudo apt install python3-gpiozero"),
    Package("simplejpeg", REINSTALL),
    Package("msgspec", REINSTALL),
    Package("tomlkit", REINSTALL),
    Package("lgpio", "sudo apt install python3-lgpio", board_only=True),
    Package("picamera2", "sudo apt install python3-picamera2", ("picamera2",)),
)


def check_packages(probes: Probes, source: str) -> Iterator[Finding]:
    """Check the packages that this machine needs with a camera source."""
    distributions = probes.distributions()
    for package in PACKAGES:
        if probes.board or not package.board_only:
            yield check_package(package, source, distributions)


def check_package(
    package: Package, source: str, distributions: Mapping[str, Sequence[str]]
) -> Finding:
    """Check that a package can be imported, and tell its version and its place."""
    try:
        module = _import(package)
    except Exception as error:  # noqa: BLE001  (a package of another build may raise anything)
        needed = not package.sources or source.partition(":")[0] in package.sources
        text = f"can't be imported: {error}".partition("\n")[0]
        name = package.module.partition(".")[0]
        return Finding(name, "bad" if needed else "warning", text, package.install)
    name = module.__name__.partition(".")[0]
    known = distributions.get(name)
    number = version(known[0]) if known else getattr(module, "__version__", "?")
    return Finding(name, "good", f"{number} from {module.__file__}")


def _import(package: Package) -> ModuleType:
    try:
        return importlib.import_module(package.module)
    except ImportError:
        if not package.instead:
            raise
    return importlib.import_module(package.instead)
