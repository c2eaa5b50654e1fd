"""Take networks apart and put them together without sharing or losing weights.

Keras traps this file is for: layers handed to a new model stay shared with the old one, `clone_model`
copies no weights, and an initial weight must not depend on which method asks for it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.objectives import class_logits
from tasks.models.dense import HEAD, linear


def copy(model: keras.Model) -> keras.Model:
    """The same architecture with weights of its own, equal to the original's bit for bit."""
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    return twin


def classifier(model: keras.Model) -> keras.Model:
    """The part that the class logits hang on, sharing its layers; other heads and branches are left out."""
    return keras.Model(model.input, class_logits(model.output), name="classifier")


def features(model: keras.Model) -> keras.Model:
    """The part before the head: inputs -> penultimate features, sharing the layers of ``model``.

    A model without a head is all features.
    """
    return keras.Model(model.input, _body(model), name="features")


def head(model: keras.Model) -> keras.Model:
    """The head alone: penultimate features -> its output, sharing the layer with ``model``."""
    inputs = keras.Input((width(model),), name="features")
    return keras.Model(inputs, model.get_layer(HEAD)(inputs), name="head-alone")


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


def layers_of(model: keras.Model, hidden: Iterable[str]) -> list[keras.layers.Layer]:
    """The layers of Keras that hidden layers are made of, from input to output: they move together or not at all.

    Those of ``block-1`` are called ``block-1`` or begin with ``block-1-``, normalisation and activation included.
    """
    names = {*hidden}
    return [layer for layer in model.layers if layer.name in names or _parents(layer.name) & names]


def _parents(name: str) -> set[str]:
    parts = name.split("-")
    return {"-".join(parts[:count]) for count in range(1, len(parts))}


def names_of(model: keras.Model, hidden: Iterable[str]) -> frozenset[str]:
    """Names of the layers with weights among `layers_of`."""
    return frozenset(layer.name for layer in layers_of(model, hidden) if layer.weights)


def with_kernels(model: keras.Model, hidden: Iterable[str]) -> list[str]:
    """Names of the layers among `layers_of` whose kernel mixes channels: dense ones, convolutions, grouped or not, and
    separable ones. A depthwise convolution mixes none, whether it is called so or has a group for each channel.
    """
    kinds = (keras.layers.Dense, keras.layers.Conv2D, keras.layers.SeparableConv2D)
    return [layer.name for layer in layers_of(model, hidden) if type(layer) in kinds and not _is_depthwise(layer)]


def _is_depthwise(layer: keras.layers.Layer) -> bool:
    """Whether a convolution has a group for each channel, so that a filter sees one alone."""
    return getattr(layer, "groups", 1) > 1 and layer.kernel.shape[-2] == 1


def assign(model: keras.Model, weights: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Give every variable of a model the array called ``<layer>/<variable>``.

    Raises:
        UserError: If arrays and variables do not match, one for one and in shape.
    """
    variables = {f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.weights}
    without, beside = sorted(variables.keys() - weights.keys()), sorted(weights.keys() - variables.keys())
    if without or beside:
        lack = f"they lack {', '.join(without[:3])}" if without else f"they have {', '.join(beside[:3])} too"
        raise UserError(f"the weights are of another network: {lack}; name the network they were trained in.")
    for name, variable in variables.items():
        if tuple(variable.shape) != weights[name].shape:
            found, expected = weights[name].shape, tuple(variable.shape)
            raise UserError(f"the weights are of another network: {name} has shape {found}, expected {expected}.")
    for name, variable in variables.items():
        variable.assign(weights[name])


def parameters(model: keras.Model, layers: Iterable[str]) -> int:
    """Trainable and other parameters of the layers named, together."""
    return sum(int(model.get_layer(name).count_params()) for name in layers)


def take(model: keras.Model, source: keras.Model, names: Iterable[str]) -> None:
    """Give hidden layers the weights they have in ``source``."""
    for name in names_of(model, names):
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
