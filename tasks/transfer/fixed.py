"""Use the source model as it is: the floor that shows what its features are worth without any training."""

from typing import Any

import numpy as np

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
    m_c·z - |m_c|²/2 by a term that no class has to itself, so it is kept as an ordinary head.

    Source: "Distance-based image classification", doi:10.1109/TPAMI.2013.83, section 3 (nearest class mean).
    """
    body = surgery.features(surgery.copy(source.model))
    if set(sample.classes) <= set(source.classes):
        columns = [source.classes.index(name) for name in sample.classes]
        kernel, bias = (values[..., columns] for values in source.model.get_layer(HEAD).get_weights())
    else:
        kernel, bias = nearest_mean(predict(body, sample.train.x), sample.train.y, len(sample.classes))
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


def _measured(model: keras.Model, part: Part) -> Course:
    logits = predict(model, part.x).astype(np.float64)
    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    loss = -log_probs[np.arange(len(part)), part.y].mean()
    return Course(validation_loss=float(loss), validation_accuracy=float((logits.argmax(axis=1) == part.y).mean()))
