"""Normalise the target by its own statistics: adaptive batch normalisation."""

import numpy as np

from tasks.adapt import candidates, joint
from tasks.common.backend import keras
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import AdaBn
from tasks.common.schema.study import Network


def renormalise(model: keras.Model, x: Array, weight: float) -> None:
    """Give each batch normalisation of ``model`` the mean and variance that its inputs have on ``x``, in place.

    From input to output, because what a layer gets hangs on those before: afterwards each layer's normalised
    inputs have mean 0 and variance 1 on ``x`` (at weight 1). What was learnt, scales and shifts included, stays.

    Args:
        x: All target samples, (u, ...).
        weight: Share of the target in the new statistics; the rest is the source's. 0 changes nothing.

    Source: "Revisiting Batch Normalization For Practical Domain Adaptation", arXiv:1603.04779, section 3.2.
    """
    for layer in model.layers:
        if weight and isinstance(layer, keras.layers.BatchNormalization):
            seen = predict(keras.Model(model.input, layer.input), x).astype(np.float64)
            axes = tuple(range(seen.ndim - 1))  # samples and, in images, places
            for variable, own in (
                (layer.moving_mean, seen.mean(axis=axes)),
                (layer.moving_variance, seen.var(axis=axes)),
            ):
                variable.assign((1 - weight) * np.asarray(variable) + weight * own)


def run(source: Sample, unlabelled: Array, network: Network, settings: AdaBn, seed: int) -> Trained | Failed:
    """Train on the source, then put the target's statistics in place of the source's."""

    def one(rate: float, weight: float) -> tuple[keras.Model, Course]:
        model, course = joint.on_source(source, network, settings, seed, rate, settings.epochs)
        renormalise(model, unlabelled, weight)
        return model, course

    return candidates.search(settings, source, unlabelled, one)
