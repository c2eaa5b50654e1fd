"""What a network computes on the way to its logits: features of its layers, and where its convolutions look."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Objective
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Array, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import Arrays, search
from tasks.models import surgery
from tasks.models.dense import HEAD

PENULTIMATE = "penultimate"
"""What the head sees."""


@dataclass(frozen=True)
class Seen:
    """What a network computes of n samples on the way to their logits.

    Attributes:
        features: (n, width) float32 by name: of each dense hidden layer, and of the ``penultimate`` one.
        maps: Attention, (n, height, width) float32, of each convolution by its name.
    """

    features: Mapping[str, Array]
    maps: Mapping[str, Array]


def features(model: keras.Model) -> dict[str, Any]:
    """Outputs (batch, width) of the dense hidden layers, normalised and activated, and of the penultimate layer."""
    names = [layer.name for layer in model.layers]
    found = {
        name: model.get_layer(f"{name}-activation" if f"{name}-activation" in names else name).output
        for name in names
        if name.startswith("hidden-") and name.count("-") == 1
    }
    return {**found, PENULTIMATE: surgery.features(model).output}


def feature_maps(model: keras.Model) -> dict[str, Any]:
    """Outputs (batch, height, width, filters) of the convolutions by name, activated and not yet pooled."""
    pools = [layer for layer in model.layers if layer.name.startswith("pool-")]
    return {layer.name.replace("pool", "conv"): layer.input for layer in pools}


def attention(maps: Any) -> Any:
    """How active each place is: the mean of squares over the filters, (batch, h, w, filters) -> (batch, h, w).

    Source: "Paying more attention to attention", arXiv:1612.03928, section 3.1, F²_sum; its constant factor is
    lost where the map is normalised.
    """
    return tf.reduce_mean(tf.square(maps), axis=-1)


def look(model: keras.Model, x: Array, batch: int = 256) -> Seen:
    """Let a network without training behaviour look at samples x (n, ...)."""
    layers, places = features(model), feature_maps(model)
    eye = keras.Model(model.input, {"features": layers, "maps": places})
    parts = [_seen(eye(x[start : start + batch], training=False)) for start in range(0, len(x), batch)]
    return Seen(
        {name: np.concatenate([part.features[name] for part in parts]) for name in layers},
        {name: np.concatenate([part.maps[name] for part in parts]) for name in places},
    )


def _seen(outputs: Any) -> Seen:
    return Seen(
        {name: np.asarray(values) for name, values in outputs["features"].items()},
        {name: np.asarray(attention(values)) for name, values in outputs["maps"].items()},
    )


def train(
    sample: Sample,
    network: Network,
    settings: Training,
    seed: int,
    *,
    outputs: Callable[[keras.Model], Mapping[str, Any]],
    objective: Objective,
    extra: Arrays,
) -> Trained | Failed:
    """Train a fresh student whose objective sees more of it than logits; what comes back is the student alone.

    Args:
        sample, network, settings, seed: As in `tasks.common.scratch.train`.
        outputs: Names what the objective's model gives beside the logits, which are under ``head``; may add layers.
        objective, extra: As in `tasks.common.training.search`.
    """

    def build() -> keras.Model:
        student = scratch.network_for(sample, network, seed)
        return keras.Model(student.input, {HEAD: student.output, **outputs(student)}, name="student")

    result = search(
        settings,
        sample,
        build=build,
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=objective,
        extra=extra,
    )
    if isinstance(result, Failed):
        return result
    student = scratch.network_for(sample, network, seed)
    for layer in student.layers:
        layer.set_weights(result.model.get_layer(layer.name).get_weights())
    return replace(result, model=student)
