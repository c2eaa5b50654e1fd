"""What can go wrong, as messages for a person: what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Refused(Exception):  # noqa: N818 (what happened, in one word)
    """The run cannot start or go on as asked; the text is for the user, so no traceback is shown."""


class StageFailed(Exception):  # noqa: N818
    """One stage did not get done; the others may go on."""


class NotRecorded(StageFailed):
    """The command ended well, but its result could not be written down (a full disk, say)."""


class Stopped(Exception):  # noqa: N818
    """Somebody asked the run to stop (Ctrl-C, SIGTERM); nothing is wrong with the stage."""


def hint(name: str, known: Iterable[str]) -> str:
    """ " Did you mean 'x'?" for the nearest known name, or nothing.

    >>> hint("timout", ["timeout", "retries"])
    " Did you mean 'timeout'?"
    >>> hint("zebra", ["timeout"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
