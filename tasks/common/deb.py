"""Get the files of a Debian package without installing it and without root."""

import io
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from tasks.common import command
from tasks.common.fetch import UnavailableError

MARK = "E: "  # before the errors of apt


def files(package: str, room: Path) -> Path:
    """The folder with the package's files, brought into the empty folder ``room``.

    Raises:
        UnavailableError: As `download` and `unpack` do.
    """
    unpacked = room / "files"
    unpack(download(package, room), unpacked)
    return unpacked


def download(package: str, folder: Path) -> Path:
    """The package's `.deb`, fetched into the empty ``folder`` by apt, which checks its signature.

    apt's own lists are used if there are any; else lists are fetched into ``folder``, where that needs no root.

    Raises:
        UnavailableError: If this system has no apt, or apt does not find or reach the package.
        OSError: If the disk is full.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        raise UnavailableError("there is no apt-get; only Debian and its relatives have this package")
    own = [
        "-o", f"Dir::State::lists={folder / 'lists'}",
        "-o", f"Dir::Cache={folder / 'cache'}",
    ]  # fmt: skip
    for made in ("lists/partial", "cache/archives/partial"):
        (folder / made).mkdir(parents=True)
    reason = command.run([apt, "--quiet", "download", package], folder, MARK)
    if reason:
        command.run([apt, "--quiet", *own, "update"], folder, MARK)  # one broken list of several does no harm
        reason = command.run([apt, "--quiet", *own, "download", package], folder, MARK)
    found = sorted(folder.glob("*.deb"))
    if reason or not found:
        raise UnavailableError(f"apt-get could not fetch {package}: {reason or 'it wrote no file'}")
    return found[0]


def unpack(deb: Path, folder: Path) -> None:
    """Unpack the package's files below ``folder``, with dpkg-deb where there is one.

    Raises:
        UnavailableError: If the file is damaged, or is compressed in a way Python cannot read.
    """
    tool = shutil.which("dpkg-deb")
    if tool is None:
        return extract(deb, folder)
    reason = command.run([tool, "--extract", str(deb), str(folder)], deb.parent, MARK)
    if reason:
        raise UnavailableError(f"{deb.name} could not be unpacked: {reason}")
    return None


def extract(deb: Path, folder: Path) -> None:
    """`unpack` in plain Python, for a system without dpkg-deb."""
    try:
        with tarfile.open(fileobj=io.BytesIO(member(deb.read_bytes(), "data.tar"))) as archive:
            _extract(archive, folder)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise UnavailableError(f"{deb.name} could not be unpacked: {error}") from error


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Unpack what lies below ``folder`` and nothing else.

    Raises:
        tarfile.TarError: If a member leads out of it.
    """
    if hasattr(tarfile, "data_filter"):
        return archive.extractall(folder, filter="data")
    # Python before 3.11.4 trusts every member. Links could lead out as well, and no data file is one.
    plain = [one for one in archive.getmembers() if one.isfile() or one.isdir()]
    for one in plain:
        path = PurePosixPath(one.name)
        if path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(f"'{one.name}' leads out of the package's folder")
    return archive.extractall(folder, plain)


def member(content: bytes, prefix: str) -> bytes:
    """The first member of an ar archive whose name starts with ``prefix``.

    The format: ``!<arch>\\n``, then for each member a 60-byte header (name in 16 bytes, size in decimal at
    48..58) and the content, padded to an even length.

    Raises:
        ValueError: If this is no ar archive, is cut short, or has no such member.
    """
    if not content.startswith(b"!<arch>\n"):
        raise ValueError(f"starts with {content[:8]!r}; an ar archive starts with '!<arch>'")
    at = 8
    while at + 60 <= len(content):
        header = content[at : at + 60]
        name, size = header[:16].decode("ascii", "replace").rstrip(" /"), int(header[48:58])
        start = at + 60
        if name.startswith(prefix):
            if start + size > len(content):
                raise ValueError(f"is cut short within {name}")
            return content[start : start + size]
        at = start + size + size % 2
    raise ValueError(f"has no member {prefix}")
