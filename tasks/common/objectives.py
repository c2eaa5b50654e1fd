"""What a training step minimises, and what a held-out part is judged by.

An objective is called (model, batch) and gives a scalar. Equal objectives must compute the same, because
traced loops are kept for them: frozen dataclasses are. It may have two more methods:

    gradients(model, variables, batch) -> (loss, [gradient of each variable])   in place of the plain derivative
    after_epoch(model, samples, epoch)                      what changes after each epoch; traced, epoch is a tensor

A batch holds the gathered rows of each array by its name, the rows of each further stream as ``<stream>_<name>``,
the constants as they are, ``progress`` (0 at a phase's first step, towards 1, float32) and ``seed`` ((2,) int32,
another one each step, for stateless random numbers).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from tasks.common.backend import keras, tf

Array: TypeAlias = np.ndarray[Any, Any]
Tensors: TypeAlias = Mapping[str, Any]
Objective: TypeAlias = Callable[[keras.Model, Tensors], Any]
Criterion: TypeAlias = Callable[[keras.Model, Tensors], tuple[Any, Any]]
_VALUES = 2**20  # inputs of a network at a time


def class_logits(outputs: Any) -> Any:
    """The class logits of a model's output; a model with several heads has them under ``head``."""
    return outputs["head"] if isinstance(outputs, Mapping) else outputs


def predict(model: Callable[..., Any], x: Array, of: Callable[[Any], Any] = class_logits) -> Array:
    """Class logits (n, classes) float32 of inputs (n, ...), without training behaviour such as dropout.

    ``of`` takes something else out of the model's output. Plain calls: `Model.predict` would trace a function for
    each of many small models. Photos go in few at a time, because a deep network makes much of each.
    """
    batch = max(1, min(1024, _VALUES // max(1, math.prod(x.shape[1:]))))
    parts = [of(model(np.asarray(x[start : start + batch]), training=False)) for start in range(0, len(x), batch)]
    return np.concatenate([np.asarray(part) for part in parts])


def cross_entropy(logits: Any, y: Any) -> Any:
    """Mean cross-entropy in nats of integer labels (n,) under logits (n, classes)."""
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))


def plain(model: keras.Model, batch: Tensors) -> Any:
    """The objective of ordinary supervised training."""
    return cross_entropy(class_logits(model(batch["x"], training=True)), batch["y"])


def classification(model: keras.Model, held_out: Tensors) -> tuple[Any, Any]:
    """The criterion of a classifier: mean cross-entropy in nats, and accuracy, of the held-out ``x`` and ``y``."""
    logits = class_logits(model(held_out["x"], training=False))
    hits = tf.equal(tf.argmax(logits, axis=1, output_type=held_out["y"].dtype), held_out["y"])
    return cross_entropy(logits, held_out["y"]), tf.reduce_mean(tf.cast(hits, tf.float32))


def gradients(objective: Objective, model: keras.Model, variables: list[Any], batch: Tensors) -> tuple[Any, list[Any]]:
    """Loss and the gradient of each variable, by the objective's own rule if it has one."""
    own = getattr(objective, "gradients", None)
    if own is not None:
        loss, slopes = own(model, variables, batch)
    else:
        with tf.GradientTape() as tape:
            loss = objective(model, batch)
        slopes = tape.gradient(loss, variables)
    # A variable the loss does not reach stays where it is; Keras would refuse or warn.
    return loss, [tf.zeros_like(v) if slope is None else slope for v, slope in zip(variables, slopes, strict=True)]
