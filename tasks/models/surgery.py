"""Take networks apart and put them together without sharing or losing weights.

Keras traps this file is for: layers handed to a new model stay shared with the old one, `clone_model`
copies no weights, and an initial weight must not depend on which method asks for it.
"""

from tasks.common.backend import keras
from tasks.models.dense import HEAD, linear


def copy(model: keras.Model) -> keras.Model:
    """The same architecture with weights of its own, equal to the original's bit for bit."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    return twin


def features(model: keras.Model) -> keras.Model:
    """The part before the head: inputs -> penultimate features, sharing the layers of ``model``."""
    return keras.Model(model.input, model.get_layer(HEAD).input, name="features")


def with_new_head(model: keras.Model, outputs: int, seed: int) -> keras.Model:
    """A copy of ``model`` whose head is replaced by a fresh linear one.

    The new head starts with the same bits as the head of a network that `dense.build` makes with this
    seed, if their shapes agree: so fine-tuning and training from scratch are paired down to the head.
    """
    body = features(copy(model))
    return keras.Model(body.input, linear(outputs, HEAD, seed)(body.output), name=model.name)


def hidden_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights below the head, from input to output."""
    return [layer for layer in model.layers if layer.weights and layer.name != HEAD]
