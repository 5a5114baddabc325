"""What install.sh asks Python: which packages are missing, and whether all import, and from where.

imports.py absent NAME:PACKAGE...      the packages whose module or file NAME is not there
imports.py requirements PYPROJECT      what pip must bring, one requirement a line
imports.py constraint                  numpy's version, which pip must keep
imports.py verify MODULE...            import these, which must not come from this venv, and ours

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
}
"""Requirements that pip leaves alone where their module imports: apt's carry other names or
versions, and a second copy beside them breaks what was compiled for the first."""


def is_there(name: str) -> bool:
    """Tell whether a module can be found, or a file exists."""
    return Path(name).exists() if "/" in name else importlib.util.find_spec(name) is not None


def absent(pairs: list[str]) -> list[str]:
    """Return the packages of those NAME:PACKAGE pairs whose name is not there."""
    split = [pair.split(":") for pair in pairs]
    return [package for name, package in split if not is_there(name)]


def requirements(pyproject: Path) -> list[str]:
    """Return the project's requirements but for those that apt has met."""
    wanted: list[str] = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    modules = {one: MODULES_OF_APT.get(re.split(r"[^\w-]", one)[0]) for one in wanted}
    return [one for one, module in modules.items() if module is None or not is_there(module)]


def constraint() -> list[str]:
    """Return the requirement that keeps pip from another numpy than the one that is here."""
    if not is_there("numpy"):
        return []
    return [f"numpy=={importlib.import_module('numpy').__version__}"]


def version_of(module: ModuleType) -> str:
    """Return a module's version, or else its package's."""
    name = module.__name__
    try:
        return str(getattr(module, "__version__", None) or version(name))
    except PackageNotFoundError:
        packages = packages_distributions().get(name, [])
        return version(packages[0]) if packages else "of unknown version"


def too_old() -> list[str]:
    """Return what is installed in a lower version than smile-gate needs.

    Debian's OpenCV does not say its version to Python, and its older ones do as well.
    """
    found = []
    for requirement in requires("smile-gate") or []:
        parts = re.fullmatch(r"([\w-]+)(?:<[\d.]+,)?>=([\d.]+)", requirement)
        if parts is None:  # of an extra
            continue
        try:
            got = version(parts[1])
        except PackageNotFoundError:
            continue
        if _numbers(got) < _numbers(parts[2]):
            found.append(f"expected {requirement}, got {got}")
    return found


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.match(r"[\d.]*\d", text)[0].split(".")]  # type: ignore[index]


def verify(from_system: list[str]) -> list[str]:
    """Import everything and judge a picture; return a line a module.

    Raises:
        ImportError: something does not import, or not from where it should.
        SmileGateError: the model, or the face finder, does not work here.
    """
    lines = []
    for name in [*from_system, "numpy", "cv2", "gpiozero", "ai_edge_litert", "msgspec", "tomlkit"]:
        module = importlib.import_module(name)
        place = str(module.__file__ or "?")
        if name in from_system and place.startswith(sys.prefix + "/"):
            raise ImportError(f"{name}: expected the system's, got {place}")
        line = f"{name} {version_of(module)} from {place}"
        if line not in lines:
            lines.append(line)
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
