"""Texts of any length in arrays of plain numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tasks.common.artifacts import Arrays


def packed(texts: Sequence[str]) -> Arrays:
    """Texts as one run of UTF-8 bytes and where each ends: a fixed width would give each the longest one's room."""
    encoded = [text.encode() for text in texts]
    return {
        "texts": np.frombuffer(b"".join(encoded), np.uint8),
        "text_ends": np.cumsum([len(text) for text in encoded], dtype=np.int64),
    }


def unpacked(raw: Arrays, places: np.ndarray[Any, Any]) -> list[str]:
    """The texts at some places of a data set's arrays."""
    content, ends = raw["texts"].tobytes(), raw["text_ends"]
    starts = np.concatenate([[0], ends[:-1]])
    return [content[starts[place] : ends[place]].decode() for place in places.tolist()]
