"""Use the source model as it is: the floor that shows what its features are worth without any training."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from tasks.common.backend import keras
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Nothing
from tasks.common.schema.study import Network
from tasks.common.stages import Source
from tasks.models import surgery
from tasks.models.dense import HEAD

Array = np.ndarray[Any, Any]


def run(sample: Sample, source: Source, network: Network, settings: Nothing, seed: int) -> Trained:
    """Where the source knows all target classes, its own logits of these; else the nearest class mean.

    The nearest mean of the penultimate features, -|z - m_c|²/2, differs from the linear logits
    m_c·z - |m_c|²/2 by a term that no class has to itself, so it is kept as an ordinary head. Distances have no
    scale that makes them logits: one factor is fitted on the validation part, which moves no decision.

    Sources: "Distance-based image classification", doi:10.1109/TPAMI.2013.83, section 3 (nearest class mean);
    arXiv:1706.04599, section 4.2 (temperature scaling).
    """
    body = surgery.features(surgery.copy(source.model))
    if set(sample.classes) <= set(source.classes):
        columns = [source.classes.index(name) for name in sample.classes]
        kernel, bias = (values[..., columns] for values in source.model.get_layer(HEAD).get_weights())
    else:
        kernel, bias = nearest_mean(predict(body, sample.train.x), sample.train.y, len(sample.classes))
        scale = sharpness(predict(body, sample.validation.x) @ kernel + bias, sample.validation.y)
        kernel, bias = scale * kernel, scale * bias
    head = keras.layers.Dense(len(sample.classes), name=HEAD)
    model = keras.Model(body.input, head(body.output), name=source.model.name)
    head.set_weights([kernel, bias])
    return Trained(model, _measured(model, sample.validation), None, 0, 0)


def nearest_mean(features: Array, y: Array, classes: int) -> tuple[Array, Array]:
    """Kernel (width, classes) and bias (classes,) of the nearest-class-mean rule.

    Args:
        features: (n, width).
        y: Class indices, (n,); every class occurs.
    """
    means = np.stack([features[y == label].mean(axis=0) for label in range(classes)])
    return means.T, -0.5 * np.square(means).sum(axis=1)


def sharpness(logits: Array, y: Array) -> float:
    """The factor on logits (n, classes) that gives their labels (n,) the lowest cross-entropy: 1 / temperature.

    The cross-entropy is convex in it, and it is kept above 0, so that the order of the classes stays.
    """
    values = logits.astype(np.float64)
    unit = float(values.std()) or 1.0
    best = minimize_scalar(lambda power: _loss(values * np.exp(power) / unit, y), bounds=(-10, 10), method="bounded")
    return float(np.exp(best.x) / unit)


def _loss(logits: Array, y: Array) -> float:
    """Mean cross-entropy in nats."""
    return float((np.logaddexp.reduce(logits, axis=1) - logits[np.arange(len(y)), y]).mean())


def _measured(model: keras.Model, part: Part) -> Course:
    logits = predict(model, part.x).astype(np.float64)
    accuracy = float((logits.argmax(axis=1) == part.y).mean())
    return Course(validation_loss=_loss(logits, part.y), validation_accuracy=accuracy)
