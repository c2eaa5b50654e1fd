"""Texts as words, cut as GloVe's were: ``don't`` is ``do n't``, ``film's`` is ``film 's``, a mark is a word.

That is about what the Stanford tokeniser does, which made GloVe's vocabulary, in small letters. A word with hyphens or
dots in it that has no vector of its own, such as ``not-so-good``, is cut there.
"""

import re
from collections.abc import Sequence

PADDING, UNKNOWN, FIRST = 0, 1, 2
"""Numbers of no word, of a word that is not known, and of the most frequent word."""

TOKEN = re.compile(
    r"""
      n't\b                                # do|n't
    | '(?:s|re|ve|ll|d|m)\b                # it|'s
    | \d+(?:[.,:]\d+)*(?!\w)               # 3.5, 1,000, 10:30
    | (?:(?!n't\b)\w)+(?:[-.](?:(?!n't\b)\w)+)*   # well-made, u.s
    | \.\.+ | --+ | '' | `` | [^\w\s]      # a mark, or a run of dots or hyphens
    """,
    re.VERBOSE,
)
QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "--", "—": "--"})


class Words:
    """Numbers of a text's words: `FIRST` and up by their place in the vocabulary, `UNKNOWN` for others."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._numbers = {word: FIRST + place for place, word in enumerate(vocabulary)}

    def __call__(self, text: str, length: int) -> list[int]:
        """At most ``length`` numbers and at least one; what is longer is cut."""
        found = [number for token in cut(text) for number in self._of(token)]
        return found[:length] or [UNKNOWN]

    def _of(self, token: str) -> list[int]:
        if token in self._numbers:
            return [self._numbers[token]]
        if set(token) <= {".", "-"}:  # a run of them: its first three, or two, or one
            return [next((self._numbers[token[:size]] for size in (3, 2, 1) if token[:size] in self._numbers), UNKNOWN)]
        return [self._numbers.get(part, UNKNOWN) for part in re.split(r"[-.]+", token)]


def cut(text: str) -> list[str]:
    """The words and marks of a text, in small letters."""
    return TOKEN.findall(text.lower().translate(QUOTES))
