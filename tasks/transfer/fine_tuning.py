"""Train a new head on the source model's features, then let chosen layers follow at a lower rate."""

from typing import Literal

import keras

from tasks.common.errors import UserError
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import FineTuning, Network
from tasks.common.samples import Sample
from tasks.common.stages import Source
from tasks.common.training import Phase, search
from tasks.models import surgery
from tasks.models.dense import HEAD


def run(sample: Sample, source: Source, network: Network, settings: FineTuning, seed: int) -> Trained | Failed:
    """Two phases: the head alone at the full rate, then head and layers at ``slowdown`` of it.

    A head that still guesses sends large, meaningless gradients into good features; so it goes first.
    With ``head_epochs`` 0 and ``slowdown`` 1 this is training from scratch from another start.

    Source: "How transferable are features in deep neural networks?", arXiv:1411.1792, section 2 (fine-tuned copies).
    """
    moving = frozenset({HEAD, *chosen(source.model, settings.layers)})
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [
            Phase("head", rate, settings.head_epochs, frozenset({HEAD})),
            Phase("layers", rate * settings.slowdown, settings.epochs, moving),
        ],
        seed=seed,
        moved=_parameters(source.model, moving - {HEAD}) + _head(source.model, len(sample.classes)),
    )


def chosen(model: keras.Model, layers: Literal["all"] | int | list[str]) -> list[str]:
    """Names of the layers that may move beside the head: all, the last so many, or those named.

    Raises:
        UserError: If a name is no hidden layer of the model, or there are fewer than asked for.
    """
    names = [layer.name for layer in surgery.hidden_layers(model)]
    if layers == "all":
        return names
    if isinstance(layers, int):
        if layers > len(names):
            raise UserError(f"fine-tuning.layers is {layers}; the network has {len(names)} hidden layers.")
        return names[-layers:]
    unknown = [name for name in layers if name not in names]
    if unknown:
        raise UserError(f"fine-tuning.layers has {', '.join(unknown)}; the network has {', '.join(names)}.")
    return layers


def _parameters(model: keras.Model, layers: frozenset[str]) -> int:
    return sum(int(model.get_layer(name).count_params()) for name in layers)


def _head(model: keras.Model, classes: int) -> int:
    return (int(model.get_layer(HEAD).input.shape[-1]) + 1) * classes
