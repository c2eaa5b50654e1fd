"""What each way of choosing among a method's candidates was worth on the test part, the oracle's beside them."""

from collections.abc import Mapping
from typing import Any


def choices(notes: Mapping[str, Any], accuracies: Mapping[str, float]) -> dict[str, Any] | None:
    """The choices of one repeat; None of a method that has no candidates.

    Args:
        notes: As `tasks.adapt.candidates` writes them.
        accuracies: Test accuracy of each candidate.

    Returns:
        ``own``, the criterion whose choice is the method's; ``criteria``, of each ``candidate`` and ``accuracy``;
        ``oracle`` likewise, the candidate that does best on the test part, which nobody could know; ``candidates``
        and how many of them have ``collapsed``, and whether the chosen one has.
    """
    if "candidates" not in notes:
        return None
    best = max(accuracies, key=lambda name: accuracies[name])
    chosen = {**notes["chosen"], "oracle": best}
    measured = {who: {"candidate": name, "accuracy": accuracies[name]} for who, name in chosen.items()}
    return {
        "own": notes["choice"],
        "oracle": measured.pop("oracle"),
        "criteria": measured,
        "candidates": len(accuracies),
        "collapsed": sum(one["collapsed"] for one in notes["candidates"].values()),
        "chosen_collapsed": notes["collapsed"],
    }
