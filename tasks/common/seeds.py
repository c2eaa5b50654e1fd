"""Random streams that pair the methods: each is named by what it is for, and by the repeat, never by the method.

Repeat r of every method therefore sees the same labelled sample, the same initial weights where the
architecture is the same, and the same batch order.
"""

import hashlib

import numpy as np


def derive(seed: int, *names: str | int) -> int:
    """A seed of 31 bits for a named purpose; equal names give equal seeds on every machine."""
    digest = hashlib.sha256(repr((seed, *names)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A generator of its own for a named purpose."""
    return np.random.default_rng(derive(seed, *names))
