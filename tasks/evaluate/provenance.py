"""What an evaluation was made with: the hashes of the data it read, and the packages that ran its models."""

import hashlib
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("keras", "numpy", "scikit-learn", "scipy", "tensorflow")


def hashes(folder: Path) -> dict[str, str]:
    """MD5 of the test part and of the scaling, the numbers that dvc.lock has for the same files."""
    names = ("test.npz", "scaling.npz")
    return {name: _md5(folder / name) for name in names}


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def versions() -> dict[str, str]:
    """The packages that results may depend on; one environment gives the same bytes each time."""
    return {name: version(name) for name in PACKAGES}
