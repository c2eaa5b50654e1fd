"""What a prediction costs, counted and not timed: the same on every machine."""

import math

from tasks.common.backend import keras
from tasks.models.text_layers import PaddedAttention


def multiply_adds(model: keras.Model) -> int:
    """Multiply-accumulate operations for one sample through the kernels of a model.

    A dense layer has inputs × outputs of them at every position, a convolution its kernel's size for every place of its
    output, attention the products of queries with keys and of weights with values; biases, activations, normalisation
    and pooling are left out, as is usual, and looking a vector up multiplies nothing. Layers used twice count once.

    Raises:
        ValueError: If a layer has a kernel and is of a kind this does not know.
    """
    return sum(_layer(layer) for layer in model.layers)


def _layer(layer: keras.layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if hasattr(layer, "multiply_adds"):  # a module of TensorFlow Hub, which is a graph of its own
        return int(layer.multiply_adds())
    if isinstance(layer, keras.layers.Dense):
        return int(math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:-1]))
    if isinstance(layer, PaddedAttention):
        length, width = layer.output.shape[1:]
        return int(2 * length * length * width)
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
        height, width = layer.output.shape[1:3]
        return int(math.prod(layer.kernel.shape) * height * width)
    if isinstance(layer, keras.layers.SeparableConv2D):
        height, width = layer.output.shape[1:3]
        kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
        return int(kernels * height * width)
    if hasattr(layer, "kernel"):
        raise ValueError(f"layer {layer.name} is a {type(layer).__name__}; its multiply-adds are not known here")
    return 0
