"""What a method costs, counted and not timed: the same on every machine."""

from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import outcomes
from tasks.models.cost import multiply_adds
from tasks.models.surgery import classifier


def cost(home: Path, outcome: dict[str, Any]) -> dict[str, Any]:
    """The cost of one method, without that of the source model or the teacher it starts from.

    Returns:
        ``multiply_adds`` of one prediction by the classifier alone, other heads and branches left out; None if every
        repeat failed. ``samples_seen`` by all trainings of a repeat, the rates not chosen included, mean over the
        repeats; None of an outcome that does not tell.
    """
    done = [row["repeat"] for row in outcome["repeats"] if not row["failed"]]
    seen = outcome.get("samples_seen")
    return {
        "multiply_adds": multiply_adds(classifier(outcomes.built(outcomes.architecture(home)))) if done else None,
        "samples_seen": float(np.mean(seen)) if seen else None,
    }
