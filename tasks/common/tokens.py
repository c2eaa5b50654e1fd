"""Texts as rows of numbers, for networks that learn a vector for each."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.common import published
from tasks.common.pieces import Pieces
from tasks.common.words import Words

Tokeniser = Callable[[str, int], list[int]]


def tokeniser(kind: str, words: int) -> Tokeniser:
    """BERT's for ``pieces``, GloVe's most frequent ``words`` for ``words``; both called (text, length).

    Raises:
        UserError: If no source has the vocabulary, or it has fewer words than ``words``.
    """
    return Pieces(published.pieces()) if kind == "pieces" else Words(published.words(words))


def numbered(texts: Sequence[str], number: Tokeniser, length: int) -> NDArray[np.int32]:
    """Numbers of the first tokens of each text, (n, length); 0 after a text's end."""
    x = np.zeros((len(texts), length), np.int32)
    for row, text in enumerate(texts):
        found = number(text, length)
        x[row, : len(found)] = found
    return x
