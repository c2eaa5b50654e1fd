"""Ways to tell classes by a few labelled samples, by their name in params.yaml.

``run`` is called (base classes, validation episodes, task, settings, seed) and gives an embedding; ``scores``, called
with the settings, gives what tells an episode by the embedding, see `tasks.fewshot.episodes`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tasks.common.outcomes import Failed, Trained
from tasks.fewshot import fine_tuned, matching, nearest, prototypes
from tasks.fewshot.episodes import Scores


@dataclass(frozen=True)
class Method:
    """How a method learns from the base classes, and how it tells the classes of an episode."""

    run: Callable[..., Trained | Failed]
    scores: Callable[[Any], Scores]


METHODS: dict[str, Method] = {
    "nearest": Method(nearest.run, nearest.scores),
    "prototypes": Method(prototypes.run, prototypes.scores),  # Snell et al., 2017
    "matching": Method(matching.run, matching.scores),  # Vinyals et al., 2016
    "fine-tuned": Method(fine_tuned.run, fine_tuned.scores),  # Chen et al., 2019
}
