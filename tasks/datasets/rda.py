"""Read a data frame that R's `save` wrote: numbers and factors, which is the part of R's format such a file needs.

The file is an XDR stream, mostly compressed. Every object starts with four bytes of flags: its type in the lowest 8
bits, then whether it has attributes (bit 9) and, in a pair list, a tag (bit 10).

Source: "R Internals", section "Serialization Formats".
"""

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
PACKED = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress, b"\xfd7": lzma.decompress}
START = (b"RDX2\nX\n", b"RDX3\nX\n")
NOTHING, REFERENCE, SYMBOL, PAIRS, TEXT, INTEGERS, REALS, STRINGS, LIST = 254, 255, 1, 2, 9, 13, 14, 16, 19


class Stream:
    """A position in the uncompressed content, and the symbols met so far."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at, self.symbols = content, 0, list[Any]()

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        if count < 0 or self.at + count > len(self.content):
            raise ValueError(f"ends after {len(self.content)} bytes, within an object")
        self.at += count
        return self.content[self.at - count : self.at]

    def integer(self) -> int:
        """The next four bytes, signed."""
        number: int = struct.unpack(">i", self.take(4))[0]
        return number

    def object(self) -> tuple[Any, dict[Any, Any]]:
        """The next object and its attributes: a dict for a pair list, a list, a text, an array or None."""
        flags = self.integer() & 0xFFFFFFFF
        kind, has_attributes, has_tag = flags & 0xFF, flags >> 9 & 1, flags >> 10 & 1
        if kind == NOTHING:
            return None, {}
        if kind == REFERENCE:
            return self.symbols[(flags >> 8) - 1], {}
        if kind == SYMBOL:
            self.symbols.append(self.object()[0])
            return self.symbols[-1], {}
        if kind == TEXT:
            return self.take(max(self.integer(), 0)).decode("utf-8"), {}
        if kind == PAIRS:
            attributes = self.object()[0] if has_attributes else {}
            key = self.object()[0] if has_tag else None
            value = self.object()
            return {key: value} | (self.object()[0] or {}), attributes
        values = self.vector(kind, self.integer())
        return values, (self.object()[0] if has_attributes else {})

    def vector(self, kind: int, length: int) -> Any:
        """``length`` elements after the length."""
        if kind in (INTEGERS, REALS):
            number = np.dtype(">i4" if kind == INTEGERS else ">f8")
            return np.frombuffer(self.take(length * number.itemsize), number)
        if kind in (STRINGS, LIST):
            return [self.object() for _ in range(length)]
        raise ValueError(f"has an object of type {kind} at byte {self.at}, which a data frame does not need")


def frame(content: bytes, name: str) -> Mapping[str, Column]:
    """The columns of the saved data frame ``name``: numbers as they are, factors as their names.

    Raises:
        ValueError: If it is no such file, is damaged, or has other objects in it.
    """
    unpack = PACKED.get(content[:2], bytes)
    try:
        stream = Stream(unpack(content))
        if stream.take(7) not in START:
            raise ValueError(f"starts with {stream.content[:7]!r}; expected an R data file, {START[0]!r}")
        version, _, _ = (stream.integer() for _ in range(3))
        if version >= 3:
            stream.take(stream.integer())  # the name of an encoding
        columns, attributes = stream.object()[0][name]
        names = [text for text, _ in attributes["names"][0]]
        return {key: _column(*column) for key, column in zip(names, columns, strict=True)}
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"has no data frame '{name}' of numbers and factors: {error!r}") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(f"is damaged or cut short: {error}") from error


def _column(values: Column, attributes: Mapping[str, Any]) -> Column:
    if "levels" not in attributes:
        return values
    named: Column = np.array([text for text, _ in attributes["levels"][0]])[values - 1]  # R counts from 1
    return named
