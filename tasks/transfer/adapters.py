"""Put small bottlenecks between the source's frozen layers and train these, instead of the layers."""

from typing import Any

from tasks.common import mixing
from tasks.common.backend import keras
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import Adapters
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import dense, surgery
from tasks.models.dense import HEAD

ADAPTER = "-adapter"


def run(sample: Sample, source: Source, network: Network, settings: Adapters, seed: int) -> Trained | Failed:
    """Adapters, normalisation and the head move; the source's own layers stay.

    With ``width`` 0 and no normalisation this is feature extraction, bit for bit.

    Source: "Parameter-Efficient Transfer Learning for NLP", arXiv:1902.00751, section 2 (normalisation is trained
    with the adapters there too).
    """
    start = surgery.with_new_head(source.model, len(sample.classes), seed)
    adapted = with_adapters(start, network, settings.width, seed)
    own = {layer.name for layer in adapted.layers if layer.weights and (_is_norm(layer) or ADAPTER in layer.name)}
    return search(
        settings,
        sample,
        build=lambda: surgery.copy(adapted),
        phases=lambda rate: [Phase("adapters", rate, settings.epochs, frozenset(own | {HEAD}))],
        seed=seed,
        **mixing.arguments(settings, sample),
    )


def with_adapters(model: keras.Model, network: Network, width: int, seed: int) -> keras.Model:
    """A copy of ``model`` in which each hidden layer's output h becomes ``h + up(activation(down(h)))``.

    ``down`` has ``width`` units and ``up`` as many as h; behind a convolution both work on the channels of each
    place. ``up`` starts at zero, so the copy computes what ``model`` does; the paper's starts near zero.
    """
    after = {surgery.layers_of(model, [name])[-1].name: name for name in network.hidden} if width else {}

    def call(layer: keras.layers.Layer, *arguments: Any, **named: Any) -> Any:
        output = layer(*arguments, **named)
        if layer.name not in after:
            return output
        name = f"{after[layer.name]}{ADAPTER}"
        initial = dense.initial(network, f"{name}-down", seed)
        down = keras.layers.Dense(width, activation=network.activation, kernel_initializer=initial, name=f"{name}-down")
        up = keras.layers.Dense(output.shape[-1], kernel_initializer="zeros", name=f"{name}-up")
        return keras.layers.Add(name=name)([output, up(down(output))])

    return surgery.rewired(model, call=call)


def _is_norm(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization | keras.layers.LayerNormalization)
