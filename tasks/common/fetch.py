"""Download one file over HTTP: resumed where it stopped, checked before it takes its final name.

Pooch's own HTTP downloader starts from zero each time, so only its cache folder is used, not its transfer.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import urllib3
from tqdm import tqdm

from tasks.common.errors import UserError

CONNECT_SECONDS, READ_SECONDS = 5, 30  # short: without internet the next source should have its turn at once
CHUNK = 1 << 16  # bytes
TRIES = 4  # connections to one server for one file; a try that brings no byte ends it

Check = Callable[[Path], None]


class UnavailableError(Exception):
    """A source cannot give what was asked of it. Says why, in a line; another source may."""


class CorruptError(UnavailableError):
    """What a source gave is not the file that was expected."""


def note(message: str) -> None:
    """Tell a person what happens, beside the progress bar."""
    tqdm.write(message, file=sys.stderr)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Make ``folder``; a full disk or a folder that cannot be written becomes a `UserError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "the disk is full. Free some room (EMNIST needs 600 MB, every other download 110 MB or less)"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            advice = f"it cannot be written ({error.strerror})"
        else:
            raise
        raise UserError(
            f"{folder}: {advice}, or set HEADWATER_CACHE to another folder, and run again."
            " Nothing was left half-written."
        ) from error


def download(url: str, target: Path, check: Check) -> None:
    """Bring ``url`` to ``target``, going on from ``target``'s `.part` file if there is one.

    Args:
        check: Called with the complete file while it still has its `.part` name; raises `CorruptError`.

    Raises:
        CorruptError: If the content is wrong; it is deleted.
        UnavailableError: If the server cannot be reached or stops before the end; what came is kept.
        UserError: If the disk is full or the folder cannot be written.
    """
    part = target.with_name(target.name + ".part")
    with writing(target.parent):
        resumed = part.exists()
        _complete(url, part)
        try:
            check(part)
        except CorruptError as error:
            part.unlink()
            if not resumed:
                raise
            note(f"{target.name}: {error}; what an earlier run had begun is deleted, starting again")
            _complete(url, part)
            _checked(part, check)
        os.replace(part, target)


def _checked(part: Path, check: Check) -> None:
    try:
        check(part)
    except CorruptError:
        part.unlink()
        raise


def _complete(url: str, part: Path) -> None:
    """Fill ``part`` to its end, connecting again as long as each connection brings something."""
    reason = ""
    for _ in range(TRIES):
        before = part.stat().st_size if part.exists() else 0
        try:
            return _transfer(url, part, before)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = explain(error)
            if not part.exists() or part.stat().st_size <= before:
                break
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                part.unlink(missing_ok=True)  # a full disk needs the room more than the next run needs the start
            raise
    kept = f" ({part.stat().st_size:,} bytes are kept for the next try)" if part.exists() else ""
    raise UnavailableError(f"{reason}{kept}")


def _transfer(url: str, part: Path, have: int) -> None:
    """One connection: append to ``part`` what is missing after ``have`` bytes, or write it from the start."""
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)) as response:
        if response.status_code == 416:  # nothing after `have`: it was complete, or is not this file at all
            return
        response.raise_for_status()
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        start = have if response.status_code == 206 and goes_on else 0
        length = int(response.headers.get("Content-Length", 0))
        bar = tqdm(
            desc=part.stem,
            total=start + length or None,
            initial=start,
            unit="B",
            unit_scale=True,
            leave=False,
            disable=None,  # silent where no person watches
        )
        with bar, part.open("ab" if start else "wb") as file:
            # Raw bytes: a server that labels a .gz file as "encoded" must not have it decoded on the way.
            while chunk := response.raw.read(CHUNK, decode_content=False):
                file.write(chunk)
                bar.update(len(chunk))


def explain(error: Exception) -> str:
    """Why a connection failed, in a few words."""
    text = str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}".rstrip()
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "its name could not be resolved; is there an internet connection?"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "no secure connection could be made"
    if "IncompleteRead" in text:
        return "the connection ended before the file did"
    if "refused" in text:
        return "the connection was refused"
    return text.splitlines()[0] if text else type(error).__name__
