"""Errors that a person can mend: said in one message, without a traceback."""

import difflib
from collections.abc import Collection


class UserError(Exception):
    """Says what was found, what was expected and what to do. Entry points print it and exit with 2."""


def nearest(name: str, known: Collection[str]) -> str:
    """`` Did you mean 'x'?`` with the nearest of ``known``, or an empty string when none is near."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def unknown(place: str, name: str, known: Collection[str]) -> str:
    """What to say of a name that is none of ``known``."""
    return f"{place} has '{name}'; known: {', '.join(known)}.{nearest(name, known)}"
