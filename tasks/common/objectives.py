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
_PLAIN = 4  # batches of plain calls; a deep network and a small one are both traced in the time that four would save


def class_logits(outputs: Any) -> Any:
    """The class logits of a model's output; a model with several heads has them under ``head``."""
    return outputs["head"] if isinstance(outputs, Mapping) else outputs


def predict(model: keras.Model, x: Array, of: Callable[[Any], Any] = class_logits) -> Array:
    """Class logits (n, classes) float32 of inputs (n, ...), without training behaviour such as dropout.

    ``of`` takes something else out of the model's output. Few batches are plain calls, because to trace a model takes
    as long as some of them.
    """
    if len(x) > _PLAIN * _batch(x):
        return in_batches(as_graph(model), x, of)
    return in_batches(lambda part: model(part, training=False), x, of)


def as_graph(model: keras.Model) -> Callable[[Any], Any]:
    """What ``model`` makes of inputs (n, ...) without training behaviour, as one graph for any n."""
    any_batch = tf.TensorSpec((None, *model.input.shape[1:]), model.input.dtype)

    def call(x: Any) -> Any:
        return model(x, training=False)

    graph: Callable[[Any], Any] = tf.function(call, input_signature=[any_batch], autograph=False)
    return graph


def in_batches(call: Callable[[Any], Any], x: Array, of: Callable[[Any], Any] = class_logits) -> Array:
    """What ``call`` makes of all inputs, a batch at a time, and ``of`` takes out of it.

    Photos go in few at a time, because a deep network makes much of each.
    """
    size = _batch(x)
    parts = [of(call(np.asarray(x[start : start + size]))) for start in range(0, len(x), size)]
    return np.concatenate([np.asarray(part) for part in parts])


def _batch(x: Array) -> int:
    values: int = math.prod(x.shape[1:])
    return max(1, min(1024, _VALUES // max(1, values)))


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
