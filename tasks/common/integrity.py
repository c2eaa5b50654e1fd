"""Read files that may be compressed, and hold their content against a public checksum."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tasks.common.fetch import CorruptError

PIECE = 1 << 20  # bytes: the largest file has 562 MB and need not be in memory at once


def decompressed(data: bytes) -> bytes:
    """Bytes as they are, or decompressed if they are gzip.

    Raises:
        CorruptError: If the compression is damaged or cut short.
    """
    return b"".join(_pieces(io.BytesIO(data)))


def content(path: Path) -> bytes:
    """A file's bytes, decompressed if they are gzip.

    Raises:
        CorruptError: If the compression is damaged or cut short.
    """
    return decompressed(path.read_bytes())


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream = gzip.GzipFile(fileobj=file) if packed else file
    try:
        while piece := stream.read(PIECE):
            yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise CorruptError(f"is damaged or cut short: {error}".lower()) from error


def verify(path: Path, sha256: str) -> None:
    """Compare a file's decompressed content with its public checksum.

    Compressed bytes differ between publishers (a gzip header may hold a name and a date), the content does not.

    Raises:
        CorruptError: If they differ; it says what the file looks like.
    """
    digest, length, start = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        for piece in _pieces(file):
            digest.update(piece)
            length += len(piece)
            start = start or piece[:512]
    found = digest.hexdigest()
    if found != sha256:
        page = start.lstrip().lower()
        looks = "is an HTML page" if page.startswith((b"<!doctype", b"<html")) else f"holds {length:,} bytes"
        raise CorruptError(f"{looks} with sha256 {found[:12]}…, expected {sha256[:12]}…")
