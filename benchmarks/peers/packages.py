"""Files and versions of the packages that peers need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from edge.errors import MissingPackageError


def package_file(package: str, file: str) -> Path:
    """Return a file that a package installed.

    Raises:
        MissingPackageError: the package or the file is not there.
    """
    spec = find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        if (path := Path(folder) / file).is_file():
            return path
    raise missing(package, file)


def missing(package: str, what: str) -> MissingPackageError:
    """Return the error that says how to install a package of which ``what`` is needed."""
    return MissingPackageError(
        f"expected {what} of the package {package}, got none; "
        "pip install --no-deps -r benchmarks/peers/requirements.txt",
        name=package,
    )


def versions(*packages: str) -> str:
    """Return names and versions of packages.

    Raises:
        MissingPackageError: a package is not installed.
    """
    try:
        return ", ".join(f"{package} {version(package)}" for package in packages)
    except PackageNotFoundError as error:
        raise missing(str(error.name), "a version") from error
