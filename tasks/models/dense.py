"""Fully connected networks that output logits."""

from tasks.common import seeds
from tasks.common.backend import keras
from tasks.common.schema import Network

HEAD = "head"


def build(spec: Network, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
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
    for name, units in zip(spec.hidden, spec.units, strict=True):
        signal = hidden(spec, units, name, seed)(signal)
    return keras.Model(inputs, linear(outputs, head, seed)(signal), name="dense")


def hidden(spec: Network, units: int, name: str, seed: int) -> keras.layers.Dense:
    """One hidden layer."""
    initializer = keras.initializers.get(
        {"class_name": spec.initializer, "config": {"seed": seeds.derive(seed, "init", name)}}
    )
    return keras.layers.Dense(units, activation=spec.activation, kernel_initializer=initializer, name=name)


def linear(outputs: int, name: str, seed: int) -> keras.layers.Dense:
    """An output layer without activation. Glorot's uniform initializer, as for any linear layer."""
    initializer = keras.initializers.GlorotUniform(seed=seeds.derive(seed, "init", name))
    return keras.layers.Dense(outputs, kernel_initializer=initializer, name=name)
