"""Large images in a traced training: read from their file batch by batch, beside arrays that are tensors in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.lazy import Rows, per_block
from tasks.common.objectives import Criterion, Tensors


def held(values: Any) -> Any:
    """A tensor of an array; `Rows` as they are."""
    return values if isinstance(values, Rows) else tf.constant(values)


def gathered(values: Any, which: Any) -> Any:
    """Some rows of a tensor, or of `Rows` as a tensor; ``which`` (k,) int32 counts them from 0."""
    if not isinstance(values, Rows):
        return tf.gather(values, which)
    read = tf.numpy_function(lambda numbers: np.asarray(values[numbers]), [which], values.dtype)
    return tf.ensure_shape(read, (which.shape[0], *values.shape[1:]))


def apart(tensors: Any) -> tuple[list[Any], Any, Callable[[list[Any]], Any]]:
    """A nested structure without its `Rows`, which belong to a trace and cannot be handed to it.

    Returns:
        The tensors in it; what a trace is made for, the specification of each tensor and the identity of each `Rows`,
        in the same structure; and what puts other tensors in their places.
    """
    rows = tf.nest.map_structure(lambda leaf: leaf if isinstance(leaf, Rows) else None, tensors)
    about = tf.nest.map_structure(
        lambda leaf: id(leaf) if isinstance(leaf, Rows) else tf.TensorSpec(leaf.shape, leaf.dtype), tensors
    )

    def together(given: list[Any]) -> Any:
        left = iter(given)
        leaves = [next(left) if leaf is None else leaf for leaf in tf.nest.flatten(rows)]
        return tf.nest.pack_sequence_as(rows, leaves)

    return [leaf for leaf in tf.nest.flatten(tensors) if not isinstance(leaf, Rows)], about, together


def judged(criterion: Criterion, model: keras.Model, held_out: Tensors, constants: Tensors) -> tuple[Any, Any]:
    """Loss and accuracy of a held-out part; of one with `Rows` their means over blocks, by the samples of each."""
    streamed = [values for values in held_out.values() if isinstance(values, Rows)]
    if not streamed:
        return criterion(model, {**held_out, **constants})
    count = len(streamed[0])
    size = min(per_block(streamed[0].shape), count)
    whole, rest = divmod(count, size)

    def block(start: Any, length: int) -> Any:
        part = {name: gathered(values, start + tf.range(length)) for name, values in held_out.items()}
        return tf.stack(criterion(model, {**part, **constants}))

    if count == size:
        figures = block(0, count)
    else:

        def add(number: Any, total: Any) -> Any:
            return number + 1, total + size * block(number * size, size)

        _, total = tf.while_loop(lambda number, _: number < whole, add, (0, tf.zeros(2)))
        if rest:
            total += rest * block(whole * size, rest)
        figures = total / count
    return figures[0], figures[1]
