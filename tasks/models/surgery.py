"""Take networks apart and put them together without sharing or losing weights.

Keras traps this file is for: layers handed to a new model stay shared with the old one, `clone_model`
copies no weights, and an initial weight must not depend on which method asks for it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tasks.common.backend import keras
from tasks.common.objectives import class_logits
from tasks.models.dense import HEAD, linear


def copy(model: keras.Model) -> keras.Model:
    """The same architecture with weights of its own, equal to the original's bit for bit."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    return twin


def classifier(model: keras.Model) -> keras.Model:
    """The part that the class logits hang on, sharing its layers; other heads and branches are left out."""
    return keras.Model(model.input, class_logits(model.output))


def features(model: keras.Model) -> keras.Model:
    """The part before the head: inputs -> penultimate features, sharing the layers of ``model``.

    A model without a head is all features.
    """
    return keras.Model(model.input, _body(model), name="features")


def _body(model: keras.Model) -> Any:
    has_head = any(layer.name == HEAD for layer in model.layers)
    return model.get_layer(HEAD).input if has_head else model.output


def with_new_head(model: keras.Model, outputs: int, seed: int) -> keras.Model:
    """A copy of ``model`` whose head is replaced by a fresh linear one; one without a head gets it.

    The new head starts with the same bits as the head of a network that is built with this seed, if their
    shapes agree: so fine-tuning and training from scratch are paired down to the head.
    """
    body = features(copy(model))
    return keras.Model(body.input, linear(outputs, HEAD, seed)(body.output), name=model.name)


def width(model: keras.Model) -> int:
    """How many features the head sees."""
    return int(_body(model).shape[-1])


def hidden_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights below the head, from input to output, batch normalisation included."""
    return [layer for layer in model.layers if layer.weights and layer.name != HEAD]


def with_norms(model: keras.Model, names: Iterable[str]) -> frozenset[str]:
    """The layers named and the batch normalisation that belongs to them: they move together or not at all."""
    chosen = {*names}
    chosen |= {f"{name}-norm" for name in chosen}
    return frozenset(chosen & {layer.name for layer in model.layers})


def parameters(model: keras.Model, layers: Iterable[str]) -> int:
    """Trainable and other parameters of the layers named, together."""
    return sum(int(model.get_layer(name).count_params()) for name in layers)


def take(model: keras.Model, source: keras.Model, names: Iterable[str]) -> None:
    """Give the layers named, and the batch normalisation that belongs to them, the weights they have in ``source``."""
    for name in with_norms(model, names):
        model.get_layer(name).set_weights(source.get_layer(name).get_weights())


def rewired(
    model: keras.Model,
    *,
    call: Callable[..., Any] | None = None,
    make: Callable[[keras.layers.Layer], keras.layers.Layer] | None = None,
) -> keras.Model:
    """A copy of ``model`` with its weights, in which layers are made by ``make`` and called by ``call``.

    ``make`` gets a layer, ``call`` its copy and what a call has. Both may bring in further variables and layers,
    which keep the values they start with.
    """
    twin = keras.models.clone_model(model, clone_function=make, call_function=call)
    for layer in model.layers:
        own = {variable.name: variable for variable in twin.get_layer(layer.name).weights}
        for variable in layer.weights:
            own[variable.name].assign(variable)
    return twin
