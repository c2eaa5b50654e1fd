"""What source, target and test part have in common before anything is cut, and what becomes of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.lazy import Rows
from tasks.common.samples import Array, Scaling
from tasks.common.schema.study import Data
from tasks.split import encoding, overlap
from tasks.split.encoding import Encoder

UNEVEN = 3
"""A class this many times as frequent as another one is worth a word."""
PER_SAMPLE = ("x", "y", "auxiliary", "group")


def parted(
    source_raw: Arrays, target_raw: Arrays, sides: tuple[list[str], list[str]], data: Data
) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """Source and target data set without training samples that they share, if those are to be dropped; and notes.

    What source and target share leaves the source, what either shares with the test part leaves it; the test part
    keeps all it has. What is found is printed.

    Args:
        sides: The classes of the source and of the target.

    Raises:
        UserError: If they share samples and ``data.duplicates`` is ``refuse``.
    """
    rows = {
        "source": _rows(source_raw, "train", sides[0]),
        "target": _rows(target_raw, "train", sides[1]),
        "test": _rows(target_raw, "test", sides[1]),
    }
    y = {"source": source_raw["train_y"], "target": target_raw["train_y"], "test": target_raw["test_y"]}
    names = {"source": source_raw["classes"], "target": target_raw["classes"], "test": target_raw["classes"]}
    notes: dict[str, Any] = {"samples": {part: _counted(names[part], y[part][rows[part]]) for part in rows}}
    for part, counts in notes["samples"].items():
        _uneven(part, counts)
    if data.duplicates == "ignore":
        return source_raw, target_raw, notes
    found, leaving = _shared(source_raw, target_raw, rows, data)
    notes["shared"] = {pair: counts for pair, counts in found.items() if any(counts.values())}
    said = [f"  {pair}: {_words(counts)}" for pair, counts in notes["shared"].items()]
    if said and data.duplicates == "refuse":
        raise UserError(
            "\n".join(["parts of the data share samples, and data.duplicates is 'refuse':", *said])
            + "\nTake them out of the data, or set data.duplicates to 'drop' (out of training) or 'tell'."
        )
    print("\n".join(["shared samples:", *said]) if said else "source, target and test part share no sample")
    if data.duplicates == "tell" or not said:
        return source_raw, target_raw, notes
    notes["dropped"] = {part: int(gone.sum()) for part, gone in leaving.items()}
    print("dropped from training: " + ", ".join(f"{count} of the {part}" for part, count in notes["dropped"].items()))
    if source_raw is target_raw:
        whole = without(source_raw, np.union1d(*(rows[part][gone] for part, gone in leaving.items())))
        return whole, whole, notes
    ours, theirs = (rows[part][leaving[part]] for part in ("source", "target"))
    return without(source_raw, ours), without(target_raw, theirs), notes


def without(raw: Arrays, rows: Array) -> Arrays:
    """A data set without some training samples."""
    kept = np.ones(len(raw["train_y"]), bool)
    kept[rows] = False
    return raw | {f"train_{name}": raw[f"train_{name}"][kept] for name in PER_SAMPLE if f"train_{name}" in raw}


def _rows(raw: Arrays, part: str, classes: list[str]) -> Array:
    wanted = np.flatnonzero(np.isin(raw["classes"], classes))
    return np.flatnonzero(np.isin(raw[f"{part}_y"], wanted))


def _counted(names: Array, y: Array) -> dict[str, int]:
    return {str(names[label]): int(count) for label, count in enumerate(np.bincount(y)) if count}


def _uneven(part: str, counts: dict[str, int]) -> None:
    if counts and max(counts.values()) > UNEVEN * min(counts.values()):
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        print(
            f"{part}: classes are uneven, {counts[most]} of '{most}' and {counts[least]} of '{least}'; accuracy says "
            "little of the rare ones, and a method with `balanced: true` gives each class the same weight"
        )


def _shared(
    source_raw: Arrays, target_raw: Arrays, rows: dict[str, Array], data: Data
) -> tuple[dict[str, dict[str, int]], dict[str, Array]]:
    """Counts for each pair of parts, and which rows of source and target would leave, (rows,) bool of each."""
    raws = {"source": source_raw, "target": target_raw, "test": target_raw}
    raw_x = {part: raws[part]["test_x" if part == "test" else "train_x"][rows[part]] for part in rows}
    if encoding.needed(source_raw):
        encoder = Encoder(source_raw, raw_x["source"], data.encoding)
        inputs = {part: encoder(raws[part], x) for part, x in raw_x.items()}
    else:
        inputs = raw_x
    scaling = Scaling.fit(inputs["source"], data.scaling)
    small = any(isinstance(x, Rows) for x in inputs.values())
    seen = {part: overlap.seen(scaling(x), small=small) for part, x in inputs.items()}
    groups = {
        part: raws[part].get("test_group" if part == "test" else "train_group", np.empty(0))[
            rows[part] if "train_group" in raws[part] else slice(None)
        ]
        for part in rows
    }
    counts: dict[str, dict[str, int]] = {}
    leaving = {part: np.zeros(len(rows[part]), bool) for part in ("source", "target")}
    for ours, theirs in (("source", "target"), ("source", "test"), ("target", "test")):
        same = overlap.shared(seen[ours], seen[theirs])
        grouped = np.zeros(len(same.exact), bool)
        if theirs == "test" and len(groups[ours]) and len(groups[theirs]):
            grouped = np.isin(groups[ours], groups[theirs])
        counts[f"{ours} and {theirs}"] = {
            "exact": int(same.exact.sum()),
            "near": int(same.near.sum()),
            "same group": int(grouped.sum()),
        }
        leaving[ours] |= same.any | grouped
    return counts, leaving


def _words(counts: dict[str, int]) -> str:
    named = {"exact": "the same", "near": "nearly the same", "same group": "of a group that both have"}
    return ", ".join(f"{count} {named[kind]}" for kind, count in counts.items() if count)
