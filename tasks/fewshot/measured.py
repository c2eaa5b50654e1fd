"""Open the novel classes and put every method to the same episodes of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.common import outcomes
from tasks.common.objectives import predict
from tasks.common.schema.fewshot import Methods
from tasks.fewshot import METHODS
from tasks.fewshot.episodes import Episodes, accuracies
from tasks.fewshot.pools import Pool


@dataclass(frozen=True)
class Measured:
    """One method: its outcome.json, and the accuracy of each repeat and episode, NaN where a repeat failed."""

    outcome: Mapping[str, Any]
    accuracies: NDArray[np.float64]  # (repeats, episodes)

    @property
    def failures(self) -> list[tuple[int, str]]:
        """(repeat, reason) of those that failed."""
        return [(row["repeat"], row["failed"]) for row in self.outcome["repeats"] if row["failed"]]

    def chosen(self, key: str) -> list[Any]:
        """Rate or epoch of the repeats that succeeded."""
        return [row[key] for row in self.outcome["repeats"] if not row["failed"]]


def measure(method: str, folder: Path, pool: Pool, episodes: Episodes) -> Measured:
    """A method's trained embeddings on episodes of a pool it has not seen.

    Scores are those of the settings that it was trained with. Nothing of an embedding moves.
    """
    outcome = outcomes.read(folder)
    settings = _settings(method, outcome["settings"])
    scores = METHODS[method].scores(settings)
    rows = [
        np.full(len(episodes), np.nan)
        if row["failed"]
        else accuracies(scores, predict(outcomes.load(folder, row["repeat"]), pool.flat), episodes)
        for row in outcome["repeats"]
    ]
    return Measured(outcome, np.stack(rows))


def _settings(method: str, content: Mapping[str, Any]) -> Any:
    section: Any = Methods.model_fields[method.replace("-", "_")].annotation
    return section.model_validate(content)
