"""Read the idx format of the MNIST family: a big-endian header, then unsigned bytes.

Header: two zero bytes, the type (8: unsigned byte), the number of axes, then the length of each as 4 bytes.
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray


def parse(content: bytes) -> NDArray[np.uint8]:
    """The array an uncompressed idx file holds.

    Raises:
        ValueError: If the header is not that of unsigned bytes, or the length is not what the header says.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"starts with {content[:4]!r}; an idx file of unsigned bytes starts with 00 00 08")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"ends within its header, after {len(content)} of {start} bytes")
    shape = struct.unpack(f">{content[3]}I", content[4:start])
    if len(content) != start + math.prod(shape):
        raise ValueError(f"has {len(content)} bytes; its header promises {start + math.prod(shape)}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
