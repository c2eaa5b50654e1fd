"""Small convolutional networks for grey images that output logits."""

from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.schema.study import Convolutional
from tasks.models.dense import HEAD, hidden_layers, initial, linear, normalised


def build(spec: Convolutional, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """3 × 3 convolutions, each followed by a 2 × 2 maximum, then dense layers.

    Args:
        spec: Filters, widths, activation and initializer of the hidden layers.
        input_shape: (height, width) of a grey image, or (height, width, channels).
        outputs: Width of the linear output layer: logits of so many classes.
        seed: Decides the initial weights, each layer's from its own name.
        head: Name of the output layer.

    Returns:
        Layers ``conv-1``.. (their feature maps, (batch, h, w, filters), come before ``pool-1``..), ``hidden-1``..
        and the head; (batch, *input_shape) -> (batch, outputs).

    Raises:
        UserError: If the images are too small to be halved so often.
    """
    if min(input_shape[:2]) < 2 ** len(spec.filters):
        side, count = min(input_shape[:2]), len(spec.filters)
        raise UserError(f"an image {side} pixels wide or high cannot be halved {count} times; take fewer filters.")
    inputs = keras.Input(input_shape, name="inputs")
    channels = input_shape[2:] or (1,)
    signal = keras.layers.Reshape((*input_shape[:2], *channels), name="channels")(inputs)
    for number, filters in enumerate(spec.filters, start=1):
        name = f"conv-{number}"
        layer = keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation=None if spec.batch_norm else spec.activation,
            kernel_initializer=initial(spec, name, seed),
            name=name,
        )
        signal = normalised(layer(signal), spec, name)
        signal = keras.layers.MaxPooling2D(name=f"pool-{number}")(signal)
    signal = keras.layers.Flatten(name="flatten")(signal)
    signal = hidden_layers(signal, spec, spec.units, seed)
    return keras.Model(inputs, linear(outputs, head, seed)(signal), name="convolutional")
