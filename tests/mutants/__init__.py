"""Plausible mistakes in the methods' mathematics, each of which a named test file has to catch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One mistake: in ``file``, the text ``old``, which occurs once, becomes ``new``; ``tests`` must then fail.

    Paths are relative to the project.
    """

    file: str
    old: str
    new: str
    tests: str
