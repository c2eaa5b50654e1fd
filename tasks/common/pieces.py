"""Texts as the word pieces of BERT (uncased), the same numbers as the reference tokeniser gives.

A text is brought to small letters without accents and cut at blanks and around every punctuation mark and every
Chinese character. Each word then becomes the longest piece of the vocabulary that it starts with, then the longest
that the rest starts with, written ``##piece``, and so on. A word that does not come out even is unknown.

The reference reads ``[SEP]`` in a text as the mark itself; here a text is only text. Of all characters 759 rare ones
come out otherwise (tokenizers 0.23, Python 3.11), most of them since the two have Unicode's tables of other years.

Source: "BERT: Pre-training of Deep Bidirectional Transformers", arXiv:1810.04805; its `tokenization.py`.
"""

import unicodedata
from collections.abc import Sequence

FIRST, LAST, UNKNOWN, PADDING = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
LONGEST = 100  # characters of a word; a longer one is unknown
CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class Pieces:
    """Numbers of a text's pieces: their lines in the vocabulary."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._first, self._last, self._unknown = (self._numbers[mark] for mark in (FIRST, LAST, UNKNOWN))
        self._known: dict[str, list[int]] = {}  # words met before: most of a text are

    def __call__(self, text: str, length: int) -> list[int]:
        """At most ``length`` numbers, with BERT's marks at the start and at the end; what is longer is cut."""
        found: list[int] = []
        for word in words(text):
            found += self._of(word)
            if len(found) >= length - 2:
                break
        return [self._first, *found[: length - 2], self._last]

    def _of(self, word: str) -> list[int]:
        if word not in self._known:
            self._known[word] = self._cut(word)
        return self._known[word]

    def _cut(self, word: str) -> list[int]:
        found, start = list[int](), 0
        while start < len(word) <= LONGEST:
            tried = (("##" if start else "") + word[start:end] for end in range(len(word), start, -1))
            piece = next((piece for piece in tried if piece in self._numbers), None)
            if piece is None:
                return [self._unknown]
            found.append(self._numbers[piece])
            start += len(piece) - (2 if start else 0)
        return found or [self._unknown]


def words(text: str) -> list[str]:
    """What the pieces are cut from: words in small letters without accents, and single marks."""
    plain = unicodedata.normalize("NFD", "".join(map(_cleaned, text)))
    # Letter by letter: Python's `lower` of a whole text knows that a final Σ is another letter, the reference does not.
    small = (letter.lower() for letter in plain if unicodedata.category(letter) != "Mn")
    return "".join(f" {letter} " if _mark(letter) else letter for letter in small).split()


def _cleaned(letter: str) -> str:
    """Nothing of a control character, a blank of any blank, and blanks around a Chinese character."""
    if letter in " \t\n\r":
        return " "
    if letter == "\ufffd" or unicodedata.category(letter) in ("Cc", "Cf", "Co"):
        return ""
    if letter.isspace():
        return " "
    return f" {letter} " if any(low <= ord(letter) <= high for low, high in CHINESE) else letter


def _mark(letter: str) -> bool:
    """Whether it is punctuation; of ASCII everything is that is no letter, digit or blank, so $ and ^ too."""
    if letter.isascii():
        return letter.isprintable() and not letter.isalnum() and letter != " "
    return unicodedata.category(letter)[0] == "P"
