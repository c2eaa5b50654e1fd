"""The training by episodes that prototypical and matching networks share, by the one loop that all methods have."""

from typing import Any

import numpy as np

from tasks import models
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Part, Sample
from tasks.common.schema.fewshot import Episodic, Task
from tasks.common.training import search
from tasks.fewshot.episodes import Criterion, Episodes, Objective, Scores
from tasks.fewshot.pools import Base, Pool
from tasks.models import surgery


def episodic(
    scores: Scores, base: Base, episodes: Episodes, task: Task, settings: Episodic, seed: int
) -> Trained | Failed:
    """Train an embedding so that ``scores`` tells the queries of episodes of base classes; all of it moves.

    A row of the training part is a class with all its samples, and a batch so the classes of an episode. The state
    with the lowest loss on ``episodes`` of the validation classes is kept, if the settings say ``best``.

    Raises:
        UserError: If a class has too few samples for an episode.
    """
    if task.shots + settings.queries > base.train.samples:
        raise UserError(
            f"training episodes want {task.shots} + {settings.queries} samples of a class, which has "
            f"{base.train.samples}; lower the method's queries or the task's shots."
        )
    return search(
        settings,
        Sample(part(base.train.x), part(base.validation.flat), base.train.names),
        build=lambda: embedding(task, base.train, seed),
        phases=lambda rate: [Phase("episodes", rate, settings.epochs)],
        seed=seed,
        objective=Objective(scores, task.shots, settings.queries),
        criterion=Criterion(scores),
        constants=constants(episodes),
    )


def embedding(task: Task, pool: Pool, seed: int) -> keras.Model:
    """A fresh network of the task without a head, (batch, height, width) -> features (batch, d)."""
    return surgery.features(models.build(task.network, pool.x.shape[2:], 1, seed))


def part(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any] | None = None) -> Part:
    """Rows for the loop, labelled by their own number if by nothing else."""
    labels = np.arange(len(x)) if y is None else y
    return Part(x, labels.astype(np.int32), np.zeros((len(x), 0), np.float32))


def constants(episodes: Episodes) -> dict[str, Any]:
    """The validation episodes as every batch and the criterion see them."""
    return {"support": episodes.support, "query": episodes.query}
