"""Fully connected networks that output logits."""

from typing import Any

from tasks.common import seeds
from tasks.common.backend import keras
from tasks.common.schema.study import Dense, Network

HEAD = "head"


def build(spec: Dense, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """A dense network with one hidden layer for each entry of ``spec.units``.

    Args:
        spec: Widths, activation and initializer of the hidden layers.
        input_shape: Shape of one sample.
        outputs: Width of the linear output layer: logits of so many classes.
        seed: Decides the initial weights, each layer's from its own name, so that layers that two
            networks share in shape and place start with the same bits.
        head: Name of the output layer.

    Returns:
        Layers ``hidden-1`` to ``hidden-<n>`` and the head; (batch, *input_shape) -> (batch, outputs).
    """
    inputs = keras.Input(input_shape, name="inputs")
    signal = keras.layers.Flatten(name="flatten")(inputs)
    signal = hidden_layers(signal, spec, spec.units, seed)
    return keras.Model(inputs, linear(outputs, head, seed)(signal), name="dense")


def hidden_layers(signal: Any, spec: Network, widths: list[int], seed: int) -> Any:
    """Dense layers one after another; with batch normalisation, its layer is called ``hidden-<n>-norm``."""
    for number, units in enumerate(widths, start=1):
        name = f"hidden-{number}"
        layer = keras.layers.Dense(
            units,
            activation=None if spec.batch_norm else spec.activation,
            kernel_initializer=initial(spec, name, seed),
            name=name,
        )
        signal = normalised(layer(signal), spec, name)
    return signal


def normalised(signal: Any, spec: Network, name: str) -> Any:
    """Batch normalisation and then the activation, where the network has it; else the signal as it is."""
    if not spec.batch_norm:
        return signal
    signal = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}-norm")(signal)
    return keras.layers.Activation(spec.activation, name=f"{name}-activation")(signal)


def initial(spec: Network, name: str, seed: int) -> keras.initializers.Initializer:
    """The initializer of a hidden layer's kernel, with a seed from the layer's own name."""
    config = {"seed": seeds.derive(seed, "init", name)}
    return keras.initializers.get({"class_name": spec.initializer, "config": config})


def linear(outputs: int, name: str, seed: int) -> keras.layers.Dense:
    """An output layer without activation. Glorot's uniform initializer, as for any linear layer."""
    initializer = keras.initializers.GlorotUniform(seed=seeds.derive(seed, "init", name))
    return keras.layers.Dense(outputs, kernel_initializer=initializer, name=name)
