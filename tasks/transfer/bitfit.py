"""Let the biases and the new head move, and nothing else: a source's kernels serve many targets."""

from tasks.common import mixing
from tasks.common.backend import keras
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
    """Biases of the hidden layers, shifts of layer normalisation and the whole head move.

    Batch normalisation stays as it is, statistics included: frozen, it is a linear map after the layer, so that
    its own shift would be the same freedom as the layer's bias, a second time.

    Source: "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models",
    arXiv:2106.10199, section 3.
    """
    moving = frozenset({HEAD, *biases(source.model, network)})
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("biases", rate, settings.epochs, moving)],
        seed=seed,
        **mixing.arguments(settings, sample),
    )


def biases(model: keras.Model, network: Network) -> list[str]:
    """Names, as ``layer/variable``, of the biases of a network's hidden layers."""
    norm = keras.layers.LayerNormalization
    return [
        f"{layer.name}/{variable.name}"
        for layer in surgery.layers_of(model, network.hidden)
        for variable in layer.weights
        if variable.name == ("beta" if isinstance(layer, norm) else "bias")
    ]
