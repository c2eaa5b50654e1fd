"""What a prediction costs by a graph that is no network of Keras: counted, as `tasks.models.cost` counts layers."""

import math
from collections.abc import Callable
from typing import Any

from tasks.common.backend import tf


def multiply_adds(run: Callable[[Any], Any], shape: tuple[int, ...]) -> int:
    """Multiply-accumulate operations for one sample through a function's convolutions and matrix products.

    Args:
        run: (batch, *shape) -> anything; what it calls is looked into.
        shape: Of one sample.
    """
    # Of TensorFlow's own modules this alone puts a function's calls in place, so that every shape is known.
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    traced = tf.function(run, autograph=False).get_concrete_function(tf.TensorSpec([1, *shape], tf.float32))
    graph = convert_variables_to_constants_v2(traced).graph
    return sum(_operation(operation) for operation in graph.get_operations())


def _operation(operation: Any) -> int:
    if operation.type in ("Conv2D", "DepthwiseConv2dNative"):
        channels_last = operation.get_attr("data_format") == b"NHWC"
        output = operation.outputs[0].shape[1:3] if channels_last else operation.outputs[0].shape[2:4]
        return int(math.prod(operation.inputs[1].shape) * math.prod(output))
    if operation.type == "MatMul":
        inner = operation.inputs[0].shape[0 if operation.get_attr("transpose_a") else 1]
        return int(math.prod(operation.outputs[0].shape) * inner)
    if operation.type in ("BatchMatMul", "BatchMatMulV2"):
        inner = operation.inputs[0].shape[-2 if operation.get_attr("adj_x") else -1]
        return int(math.prod(operation.outputs[0].shape) * inner)
    if operation.type == "Einsum":
        terms = operation.get_attr("equation").decode().split("->")[0].split(",")
        sizes = {
            letter: size
            for term, tensor in zip(terms, operation.inputs, strict=True)
            for letter, size in zip(term, tensor.shape, strict=True)
        }
        return math.prod(sizes.values()) if len(terms) > 1 else 0
    return 0
