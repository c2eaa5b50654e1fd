"""What a guess about a person's file is made of, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.own.parts import LEAST


@dataclass
class Guess:
    """A data set's block in params.yaml, and what its study needs to know.

    Attributes:
        lines: The block's lines, each guess with a comment that says why.
        classes: Class names in label order.
        counts: Samples of each class; empty where a number is cut into classes of the same size.
        samples: Samples in all.
        network: ``dense`` or ``convolutional``.
        scaling: As a study has it.
        doubts: What could not be told, for the person to decide.
        ordered: Whether the classes are cuts of a number.
    """

    lines: list[str]
    classes: list[str]
    counts: dict[str, int]
    samples: int
    network: str
    scaling: str
    doubts: list[str] = field(default_factory=list)
    ordered: bool = False


def about_classes(counts: Mapping[str, int], what: str) -> list[str]:
    """Doubts about labels: rare ones, uneven ones, and pairs that differ in case or blanks alone."""
    doubts = []
    rare = [f"'{name}' ({count})" for name, count in counts.items() if count < LEAST]
    if rare:
        doubts.append(
            f"{what}: too few samples of {', '.join(rare[:8])}, each class needs {LEAST}; take them out of the data."
        )
    if max(counts.values()) > 3 * min(counts.values()):
        doubts.append(
            f"{what}: classes are uneven, from {min(counts.values())} to {max(counts.values())} samples; accuracy says "
            "little of the rare ones. Look at macro F1, or set `balanced: true` for methods under overrides."
        )
    folded: dict[str, list[str]] = {}
    for name in counts:
        folded.setdefault(" ".join(name.lower().split()), []).append(name)
    alike = [" and ".join(f"'{name}'" for name in names) for names in folded.values() if len(names) > 1]
    if alike:
        doubts.append(f"{what}: {', '.join(alike)} are taken as different classes; are they one?")
    numeric = [name for name in counts if _number(name)]
    if 0 < len(numeric) < len(counts):
        others = [name for name in counts if name not in numeric]
        doubts.append(
            f"{what}: labels are of mixed type, numbers such as '{numeric[0]}' and words such as '{others[0]}'; all "
            "are taken as names of classes. Is one of them a mistake?"
        )
    return doubts


def _number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def in_order(names: Any) -> list[str]:
    """Class names sorted: as numbers where all are, else as words."""
    return sorted(names, key=lambda name: (float(name), name) if all(map(_number, names)) else (0.0, name))
