"""Fine-tune everything under a spring to the source's weights: a prior that the source is a good place to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.common import mixing, objectives
from tasks.common.backend import keras, tf
from tasks.common.objectives import Array, Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import L2Sp
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD


@dataclass(frozen=True)
class Objective:
    """``base + α/2 · ‖w - w⁰‖² + β/2 · ‖v‖²``, w the layers' weights, w⁰ the source's, v the head's weights.

    Sums run over all that gradients move: kernels, biases, scales and shifts of batch normalisation. The anchors
    w⁰ come with the batch, by `anchor_name`. With α and β 0 this is ``base``, bit for bit.

    Source: "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", arXiv:1802.01483,
    section 3 (L2-SP).
    """

    base: objectives.Objective
    alpha: float
    beta: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        loss = self.base(model, batch)
        if self.alpha:
            loss += self.alpha / 2 * distance(model, batch)
        if self.beta:
            loss += self.beta / 2 * tf.add_n([tf.reduce_sum(tf.square(v)) for v in _head(model)])
        return loss


def distance(model: keras.Model, anchors: Tensors) -> Any:
    """Sum of the squared differences between the body's weights and their anchors, scalar."""
    return tf.add_n([tf.reduce_sum(tf.math.squared_difference(v, anchors[name])) for name, v in _body(model).items()])


def anchors(model: keras.Model) -> dict[str, Array]:
    """The weights that the body of a model has now, by `anchor_name`: copies, which stay when the model moves."""
    return {name: np.array(variable) for name, variable in _body(model).items()}


def anchor_name(layer: str, variable: str) -> str:
    """What the anchor of a layer's variable is called in a batch."""
    return f"anchor/{layer}/{variable}"


def run(sample: Sample, source: Source, network: Network, settings: L2Sp, seed: int) -> Trained | Failed:
    """All layers and the head move, at one rate, by `Objective`."""
    mixed = mixing.arguments(settings, sample)
    held: Mapping[str, Array] = anchors(surgery.with_new_head(source.model, len(sample.classes), seed))
    return search(
        settings,
        sample,
        build=lambda: surgery.with_new_head(source.model, len(sample.classes), seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=Objective(mixed["objective"], settings.alpha, settings.beta),
        constants={**mixed["constants"], **held},
    )


def _body(model: keras.Model) -> dict[str, Any]:
    return {
        anchor_name(layer.name, variable.name): variable
        for layer in surgery.hidden_layers(model)
        for variable in layer.trainable_variables
    }


def _head(model: keras.Model) -> list[Any]:
    return list(model.get_layer(HEAD).trainable_variables)
