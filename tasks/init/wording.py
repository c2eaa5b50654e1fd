"""YAML as a person would write it: plain words where they can stand so, quotes where they must."""

import re
from collections.abc import Iterable
from json import dumps

PLAIN = re.compile(r"[^\W\d][\w/+-]*(?: [\w/+-]+)*")
RESERVED = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "inf", "nan"}


def word(value: object) -> str:
    """A scalar for a flow list or the right of a colon."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return value if PLAIN.fullmatch(value) and value.lower() not in RESERVED else dumps(value, ensure_ascii=False)


def words(values: Iterable[object]) -> str:
    """A flow list."""
    return f"[{', '.join(map(word, values))}]"


def line(key: str, value: str, comment: str = "") -> str:
    """``key: value # comment``; a line break in a comment would end it."""
    return f"{key}: {value}" + (f" # {' '.join(comment.split())}" if comment else "")


def slug(text: str) -> str:
    """A name for a data set or a study: small letters, digits and hyphens, a letter first."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name if name[:1].isalpha() else f"own-{name}".strip("-")
