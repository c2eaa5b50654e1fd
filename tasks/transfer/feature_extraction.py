"""Keep the source model's layers as they are and train a new linear head on their features."""

from tasks.common import mixing
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import TransferTraining
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(sample: Sample, source: Source, network: Network, settings: TransferTraining, seed: int) -> Trained | Failed:
    """Only the head moves; the source's layers end with the bits they began with.

    Batch normalisation keeps the source's statistics, in training as well as after.

    Source: "How transferable are features in deep neural networks?", arXiv:1411.1792, section 2 (frozen copies).
    """
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("head", rate, settings.epochs, frozenset({HEAD}))],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
