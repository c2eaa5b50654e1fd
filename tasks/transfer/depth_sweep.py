"""Reuse the first k hidden layers of the source, for every k: how far up does the source help?"""

from dataclasses import replace

from tasks.common import mixing, scratch
from tasks.common.backend import keras
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import DepthSweep
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(sample: Sample, source: Source, network: Network, settings: DepthSweep, seed: int) -> Trained | Failed:
    """The k with the lowest validation loss, the first of equals; the models of all k are variants, for the curve.

    Each k searches over all rates, so the sweep tries more than other methods do. k = 0 is `scratch-tuned` and, if
    settings agree, all layers are `feature-extraction` (frozen) or `full-fine-tuning` (not), bit for bit.

    Source: "How transferable are features in deep neural networks?", arXiv:1411.1792, section 2 (BnB and AnB, with
    a plus where the layers follow).
    """
    tried = {k: _train(sample, source, network, settings, seed, k) for k in range(len(network.hidden) + 1)}
    trained = {k: result for k, result in tried.items() if isinstance(result, Trained)}
    if not trained:
        return Failed(
            "; ".join(f"{_name(k)}: {result.reason}" for k, result in tried.items() if isinstance(result, Failed))
        )
    best = min(trained, key=lambda k: trained[k].course.validation_loss)
    return replace(
        trained[best],
        trainings=len(settings.rates) * len(tried),
        variants={_name(k): result.model for k, result in trained.items()},
        notes={
            "layers": best,
            "sweep": [
                {
                    "layers": k,
                    "rate": result.rate,
                    "validation_loss": result.course.validation_loss,
                    "validation_accuracy": result.course.validation_accuracy,
                }
                for k, result in trained.items()
            ],
        },
    )


def start(sample: Sample, source: Source, network: Network, seed: int, k: int) -> keras.Model:
    """A fresh network whose first ``k`` hidden layers are the source's, batch normalisation included."""
    model = scratch.network_for(sample, network, seed)
    surgery.take(model, source.model, network.hidden[:k])
    return model


def _train(
    sample: Sample, source: Source, network: Network, settings: DepthSweep, seed: int, k: int
) -> Trained | Failed:
    moving = None
    if settings.frozen and k:
        moving = surgery.names_of(source.model, network.hidden[k:]) | {HEAD}
    return search(
        settings,
        sample,
        build=lambda: start(sample, source, network, seed, k),
        phases=lambda rate: [Phase("all", rate, settings.epochs, moving)],
        seed=seed,
        **mixing.arguments(settings, sample),
    )


def _name(k: int) -> str:
    return "1 layer" if k == 1 else f"{k} layers"
