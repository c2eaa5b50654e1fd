"""Run another program for a source of data; why it failed becomes one line a person can read."""

import errno
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS = 300  # for one command; it brings a whole package


def run(command: Sequence[str], folder: Path, mark: str, *, which: int = -1) -> str:
    """Run a command in ``folder``; an empty string when all went well, else why not.

    Args:
        mark: What the program puts before its errors, such as ``E: ``; it is left out.
        which: The error to tell if there are several: apt's last one says most, pip's first.

    Raises:
        OSError: If the command met a full disk, as if it had been this process.
    """
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"no end after {SECONDS} s"
    if done.returncode == 0:
        return ""
    if os.strerror(errno.ENOSPC) in done.stderr:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix(mark) for line in lines if line.startswith(mark)] or lines[-1:]
    return errors[which] if errors else f"exit status {done.returncode}"
