"""EfficientNet-Lite0: an EfficientNet-B0 without squeeze-and-excitation, and with ReLU6 for swish.

Keras has no such network. Layers are called as in Keras's EfficientNets, padding is TensorFlow's ``same``, and inputs
are ``(x - 127) / 128`` (`data.scaling: centred`).

Source: the model card of EfficientNet-Lite, and "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", arXiv:1905.11946, table 1.
"""

from typing import Any, NamedTuple

from tasks.common.backend import keras

STEM, TOP = 32, 1280
EPSILON = 1e-3  # of batch normalisation


class Stage(NamedTuple):
    """Blocks that share a width; the first of them has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def network(input_shape: tuple[int, int, int], classes: int | None = None) -> keras.Model:
    """The network with random weights, (batch, height, width, 3) -> (batch, height / 32, width / 32, 1280).

    Args:
        classes: With it the features are averaged over their places, and a layer ``predictions`` gives so many logits.
    """
    inputs = keras.Input(input_shape)
    signal = _convolved(inputs, STEM, 3, 2, "stem")
    for number, stage in enumerate(STAGES, start=1):
        for repeat in range(stage.repeats):
            signal = _block(signal, stage, stage.stride if repeat == 0 else 1, f"block{number}{chr(97 + repeat)}")
    signal = _convolved(signal, TOP, 1, 1, "top")
    if classes is not None:
        signal = keras.layers.GlobalAveragePooling2D(name="avg_pool")(signal)
        signal = keras.layers.Dense(classes, name="predictions")(signal)
    return keras.Model(inputs, signal, name="efficientnet-lite0")


def _convolved(signal: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
    layer = keras.layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer=_initializer(),
        name=f"{name}_conv",
    )
    return _normalised(layer(signal), f"{name}_bn", f"{name}_activation")


def _block(signal: Any, stage: Stage, stride: int, name: str) -> Any:
    """Widen, convolve each channel by itself, narrow; and add the input where the shapes agree."""
    width, inputs = signal.shape[-1], signal
    if stage.expansion > 1:
        wide = keras.layers.Conv2D(
            width * stage.expansion,
            1,
            use_bias=False,
            kernel_initializer=_initializer(),
            name=f"{name}_expand_conv",
        )
        signal = _normalised(wide(signal), f"{name}_expand_bn", f"{name}_expand_activation")
    deep = keras.layers.DepthwiseConv2D(
        stage.kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        depthwise_initializer=_initializer(),
        name=f"{name}_dwconv",
    )
    signal = _normalised(deep(signal), f"{name}_bn", f"{name}_activation")
    narrow = keras.layers.Conv2D(
        stage.filters, 1, use_bias=False, kernel_initializer=_initializer(), name=f"{name}_project_conv"
    )
    signal = _normalised(narrow(signal), f"{name}_project_bn")
    if stride == 1 and width == stage.filters:
        return keras.layers.Add(name=f"{name}_add")([inputs, signal])
    return signal


def _normalised(signal: Any, name: str, activation: str | None = None) -> Any:
    signal = keras.layers.BatchNormalization(epsilon=EPSILON, name=name)(signal)
    return keras.layers.ReLU(6.0, name=activation)(signal) if activation else signal


def _initializer() -> keras.initializers.Initializer:
    """He et al.'s for the outputs, as all EfficientNets start."""
    return keras.initializers.VarianceScaling(2.0, mode="fan_out", distribution="truncated_normal")
