"""DVC's errors, and the system's, as messages for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dvc.exceptions import DvcException

from flows.errors import Refused, StageFailed


@contextmanager
def user_errors() -> Iterator[None]:
    """DVC's complaint about the project, as a message."""
    try:
        yield
    except DvcException as error:
        raise Refused(text(error)) from None


@contextmanager
def stage_errors(kind: type[StageFailed] = StageFailed) -> Iterator[None]:
    """DVC's complaint about one stage, or the system's, as that stage's failure."""
    try:
        yield
    except DvcException as error:
        raise kind(text(error)) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise kind(f"{error.strerror or error}{where}") from None


def text(error: BaseException) -> str:
    """The message, and what it was caused by, on one line each."""
    lines = [str(error)]
    cause = error.__cause__
    while cause is not None:
        if str(cause) and str(cause) not in lines[-1]:
            lines.append(str(cause))
        cause = cause.__cause__
    return "\n".join(lines)
