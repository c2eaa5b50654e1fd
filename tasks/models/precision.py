"""Twins of networks that compute in bfloat16 and keep their weights in float32, for the training loop.

Networks are float32 wherever they are made, measured, stored and exported: only the loop's own copy is another, and
weights go in and out of it as they are. bfloat16 has float32's range, so that losses need no scaling; float16 would.
"""

from typing import Any

from tasks.common.backend import keras
from tasks.models import hub, text_layers
from tasks.models.dense import HEAD

FLOAT32 = "float32"
WHOLE = (hub.Hub, text_layers.PaddedMean)
"""Layers that stay float32: a module's graph takes what it was saved with, and bfloat16 counts words up to 256."""


def twin(model: keras.Model, precision: str) -> keras.Model:
    """The same network with fresh weights, whose layers compute in ``precision``, a dtype policy of Keras.

    Layers that give the model's outputs, and what the head sees, compute in float32: losses of logits and of features
    get what they would get otherwise. Normalisation takes its statistics in float32, as Keras does by itself.
    """
    if precision == FLOAT32:
        return keras.models.clone_model(model)
    whole = _seen_by_losses(model)

    def make(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if layer.name not in whole and not isinstance(layer, WHOLE) and "dtype" in config:
            config["dtype"] = precision
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=make)


def _seen_by_losses(model: keras.Model) -> set[str]:
    """Names of the layers that give the outputs, and of that before the head."""
    tensors: list[Any] = keras.tree.flatten(model.output)
    if any(layer.name == HEAD for layer in model.layers):
        tensors += keras.tree.flatten(model.get_layer(HEAD).input)
    return {tensor._keras_history.operation.name for tensor in tensors}
