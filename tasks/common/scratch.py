"""Train a fresh network on a sample: what source models, students and controls have in common."""

from tasks.common.backend import keras
from tasks.common.loop import Objective, Phase, plain
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema import Network, Training
from tasks.common.training import Arrays, search
from tasks.models import dense


def network_for(sample: Sample, network: Network, seed: int) -> keras.Model:
    """A fresh network for a sample's inputs and classes."""
    return dense.build(network, sample.train.x.shape[1:], len(sample.classes), seed)


def train(
    sample: Sample,
    network: Network,
    settings: Training,
    seed: int,
    *,
    objective: Objective = plain,
    extra: Arrays | None = None,
) -> Trained | Failed:
    """All layers from their initial weights, by ``objective``; rate and epoch are chosen on the validation part.

    Arguments are those of `tasks.common.training.search`.
    """
    return search(
        settings,
        sample,
        build=lambda: network_for(sample, network, seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=objective,
        extra=extra,
    )
