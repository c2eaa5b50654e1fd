"""Keeps credentials out of logs, journal and messages: what looks like one in the environment or DVC's settings.

A command may print its environment, and an error may quote a URL. What it prints is shown with ``***`` in place of
each secret; what it writes to its outputs is its own business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|CONNECTION_STRING|WEBHOOK|NOTIFY)", re.IGNORECASE)
_IN_URL = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@")
_KEPT: set[str] = set()  # known to be secret, whatever they are called; see `keep`
_SHORTEST = 6  # a shorter "secret" is a number or a word, and hiding it would garble every line


def keep(secret: str) -> None:
    """Have every Veil made from now on hide this as well, whatever the setting is called that has it."""
    if len(secret) >= _SHORTEST:
        _KEPT.add(secret)


class Veil:
    """Hides the secrets it was made with, and passwords in URLs.

    >>> Veil({"AWS_SECRET_ACCESS_KEY": "abcdefgh"}).hide("key abcdefgh at s3://me:pass@host/x")
    'key *** at s3://***@host/x'
    """

    def __init__(self, *settings: Mapping[str, Any]) -> None:
        """
        Args:
            settings: Environment variables, sections of a configuration; nested ones are looked through.
        """
        found = _KEPT | {value for section in settings for value in _secrets(section)}
        words = sorted(map(re.escape, found), key=len, reverse=True)
        self._pattern = re.compile("|".join(words)) if words else None

    def hide(self, text: str) -> str:
        """The text with ``***`` in place of every secret."""
        if self._pattern:
            text = self._pattern.sub("***", text)
        return _IN_URL.sub(r"\1***@", text) if "://" in text else text


def _secrets(settings: Mapping[str, Any]) -> Iterable[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif isinstance(value, str) and _NAME.search(name) and len(value) >= _SHORTEST and not _is_plain(value):
            yield value


def _is_plain(value: str) -> bool:
    """A path, a number or a switch is not a secret, though its name may sound like one (SSH_AUTH_SOCK, KEY_FILE)."""
    return (
        value.startswith(("/", "~", "./")) or value.replace(".", "").isdigit() or value.lower() in ("false", "always")
    )
