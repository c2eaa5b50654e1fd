"""Layers for backbones that Keras lacks, or whose weights Keras does not set when a model's are."""

from collections.abc import Sequence
from typing import Any

from tasks.common.backend import keras

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's pixels between 0 and 1: red, green, blue."""


class Turned(keras.layers.Layer):  # type: ignore[misc]
    """Channels in the opposite order, (batch, height, width, channels) -> the same: red, green, blue or the reverse."""

    def call(self, signal: Any) -> Any:
        return signal[..., ::-1]


class Standardised(keras.layers.Layer):  # type: ignore[misc]
    """Each channel by a mean and variance that are weights and never trained: ``(x - mean) / √variance``.

    What `keras.layers.Normalization` does after `adapt`; that one keeps two constants beside its weights, so that a
    model whose weights were set went on with the old ones. Without weights from elsewhere they are ImageNet's.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.mean = self._constant("mean", MEAN, input_shape[-1])
        self.variance = self._constant("variance", [value**2 for value in DEVIATION], input_shape[-1])

    def _constant(self, name: str, values: Sequence[float], channels: int | None) -> Any:
        def start(_shape: Any, dtype: Any = None) -> Any:
            return keras.ops.convert_to_tensor(values, dtype)

        return self.add_weight(shape=(channels,), initializer=start, trainable=False, name=name)

    def call(self, signal: Any) -> Any:
        return (signal - self.mean) / keras.ops.sqrt(self.variance)


class LayerScale(keras.layers.Layer):  # type: ignore[misc]
    """Each channel times a learnt factor, ``gamma`` (channels,), that starts small: "Going deeper with Image
    Transformers", arXiv:2103.17239, as ConvNeXt has it. The arguments are those of Keras's own, which it does not
    register under a name by which a saved model could be read.
    """

    def __init__(self, init_values: float, projection_dim: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.init_values, self.projection_dim = init_values, projection_dim

    def build(self, _input_shape: tuple[int | None, ...]) -> None:
        start = keras.initializers.Constant(self.init_values)
        self.gamma = self.add_weight(shape=(self.projection_dim,), initializer=start, name="gamma")

    def call(self, signal: Any) -> Any:
        return signal * self.gamma

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


class CustomScaleLayer(keras.layers.Layer):  # type: ignore[misc]
    """``first + scale · second``, as Inception-ResNet adds a branch; Keras's own is not registered either."""

    def __init__(self, scale: float, **rest: Any) -> None:
        super().__init__(**rest)
        self.scale = scale

    def call(self, signals: list[Any]) -> Any:
        first, second = signals
        return first + second * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


LAYERS: dict[str, type] = {layer.__name__: layer for layer in (Turned, Standardised, LayerScale, CustomScaleLayer)}
