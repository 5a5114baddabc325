"""install.sh's questions to Python: which packages are missing, and do all modules import.

imports.py absent NAME:PACKAGE...      print the packages whose module or file NAME is missing
imports.py requirements PYPROJECT      print the requirements for pip, one a line
imports.py constraint                  print numpy's version, which pip must keep
imports.py verify MODULE...            import smile-gate and MODULEs, which must be the system's

Runs before smile-gate is installed, so all but `verify` use the standard library only.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
import tempfile
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from types import ModuleType

MODULES_OF_APT = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "gpiozero": "gpiozero",
    "simplejpeg": "simplejpeg",
}
"""Requirements that pip does not install where their module imports. apt's packages have other
names or versions, and a second copy breaks modules that were compiled for the first."""


def is_there(name: str) -> bool:
    """Tell whether a module can be found, or a file exists."""
    return Path(name).exists() if "/" in name else importlib.util.find_spec(name) is not None


def absent(pairs: list[str]) -> list[str]:
    """Return the PACKAGE of each NAME:PACKAGE pair whose module or file is missing."""
    split = [pair.split(":") for pair in pairs]
    return [package for name, package in split if not is_there(name)]


def requirements(pyproject: Path) -> list[str]:
    """Return the project's requirements, without those that apt's packages meet."""
    wanted: list[str] = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    modules = {line: MODULES_OF_APT.get(re.split(r"[^\w-]", line)[0]) for line in wanted}
    return [line for line, module in modules.items() if module is None or not is_there(module)]


def constraint() -> list[str]:
    """Return the requirement that keeps pip from installing another numpy."""
    if not is_there("numpy"):
        return []
    return [f"numpy=={importlib.import_module('numpy').__version__}"]


def version_of(module: ModuleType) -> str:
    """Return a module's version, or else the version of its package."""
    name = module.__name__
    try:
        return str(getattr(module, "__version__", None) or version(name))
    except PackageNotFoundError:
        packages = packages_distributions().get(name, [])
        return version(packages[0]) if packages else "of unknown version"


def too_old() -> list[str]:
    """Return a line for each package that is older than smile-gate needs.

    Debian's OpenCV has no version in Python's metadata; its older versions work as well.
    """
    complaints = []
    for requirement in requires("smile-gate") or []:
        parts = re.fullmatch(r"([\w-]+)(?:<[\d.]+,)?>=([\d.]+)", requirement)
        if parts is None:  # of an extra
            continue
        try:
            got = version(parts[1])
        except PackageNotFoundError:
            continue
        if _numbers(got) < _numbers(parts[2]):
            complaints.append(f"expected {requirement}, got {got}")
    return complaints


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.match(r"[\d.]*\d", text)[0].split(".")]  # type: ignore[index]


def verify(from_system: list[str]) -> list[str]:
    """Import all modules, open the detector and run the model's self-test; return a line a module.

    Raises:
        ImportError: a module does not import, is too old, or does not come from where it should.
        SmileGateError: the model or the detector does not work here.
    """
    lines = []
    needed = (*MODULES_OF_APT.values(), "ai_edge_litert", "msgspec", "tomlkit")
    for name in dict.fromkeys((*from_system, *needed)):
        module = importlib.import_module(name)
        place = str(module.__file__ or "?")
        if name in from_system and place.startswith(sys.prefix + "/"):
            raise ImportError(f"{name}: expected the system's, got {place}")
        lines.append(f"{name} {version_of(module)} from {place}")
    if old := too_old():
        raise ImportError("; ".join(old))

    from edge.faces.haar import HaarDetector
    from edge.model.open import open_classifier
    from edge.settings import Settings

    settings = Settings()
    HaarDetector(settings.faces)
    open_classifier(settings)
    return [*lines, "the model's self-test passed"]


def main(verb: str, *arguments: str) -> int:
    """Print what was asked for; an error is one line and exit code 1."""
    try:
        if verb == "verify":
            with tempfile.TemporaryDirectory() as folder:
                os.environ["LG_WD"] = folder  # lgpio, when imported, makes a named pipe there
                lines = verify(list(arguments))
        elif verb == "absent":
            lines = absent(list(arguments))
        elif verb == "requirements":
            lines = requirements(Path(arguments[0]))
        else:
            lines = constraint()
    except Exception as error:  # noqa: BLE001  (a broken package may raise anything)
        print(f"ERROR: {type(error).__name__}: {error}".replace("\n", " "), file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
