"""Train a new head on the source model's features, then let chosen layers follow at a lower rate."""

from tasks.common import mixing
from tasks.common.layers import chosen_layers
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import FineTuning
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(sample: Sample, source: Source, network: Network, settings: FineTuning, seed: int) -> Trained | Failed:
    """Two phases: the head alone at the full rate, then head and layers at ``slowdown`` of it.

    A head that still guesses sends large, meaningless gradients into good features; so it goes first.
    With ``head_epochs`` 0 and ``slowdown`` 1 this is training from scratch from another start.

    Source: "How transferable are features in deep neural networks?", arXiv:1411.1792, section 2 (fine-tuned copies).
    """
    layers = surgery.names_of(source.model, chosen_layers(network.hidden, settings.layers))
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [
            Phase("head", rate, settings.head_epochs, frozenset({HEAD})),
            Phase("layers", rate * settings.slowdown, settings.epochs, layers | {HEAD}),
        ],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
