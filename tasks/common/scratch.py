"""Train a fresh network on a sample: what source models, students and controls have in common."""

from collections.abc import Callable, Mapping
from typing import Any

from tasks import models
from tasks.common.backend import keras
from tasks.common.objectives import Objective, plain
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import Arrays, search


def network_for(sample: Sample, network: Network, seed: int) -> keras.Model:
    """A fresh network for a sample's inputs and classes."""
    return models.build(network, sample.train.x.shape[1:], len(sample.classes), seed)


def train(
    sample: Sample,
    network: Network,
    settings: Training,
    seed: int,
    *,
    objective: Objective = plain,
    extra: Arrays | None = None,
    streams: Mapping[str, Arrays] | None = None,
    constants: Mapping[str, Any] | None = None,
    build: Callable[[], keras.Model] | None = None,
) -> Trained | Failed:
    """All layers from their initial weights, by ``objective``; rate and epoch are chosen on the validation part.

    Arguments are those of `tasks.common.training.search`; ``build`` may stand for `network_for`.
    """
    return search(
        settings,
        sample,
        build=build or (lambda: network_for(sample, network, seed)),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=objective,
        extra=extra,
        streams=streams,
        constants=constants,
    )
