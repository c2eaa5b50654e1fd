"""Predict a sample's features from a changed version of it: what autoencoders and masking have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tasks.common import views
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.schema.study import Convolutional, Dense, Network
from tasks.models import dense
from tasks.pretrain.pretext import PREDICTED, Task


def decoder(network: Network, features: int, seed: int) -> Callable[[Any], Any]:
    """The dense hidden layers below the last one, mirrored, then a linear layer as wide as the input.

    Inputs are scaled reals, so the output is linear and the loss a squared error (Vincent et al. 2010, section 2.2).
    Convolutions are not mirrored: the linear layer answers them. Returns (batch, width) -> (batch, features).
    """
    assert isinstance(network, Dense | Convolutional)  # the check refuses others
    widths = list(reversed(network.units[:-1]))

    def top(signal: Any) -> Any:
        for number, width in enumerate(widths, start=1):
            name = f"decoder-{number}"
            initializer = dense.initial(network, name, seed)
            layer = keras.layers.Dense(width, network.activation, kernel_initializer=initializer, name=name)
            signal = layer(signal)
        return dense.linear(features, PREDICTED, seed)(signal)

    return top


def squared_error(predicted: Any, true: Any, weight: Any = None) -> tuple[Any, Any]:
    """Mean squared error of predicted values, and the share of their variance that it leaves explained.

    ``Σ w (p - x)² / Σ w`` over all entries, in squared units of x. The share is 1 minus this error over that of
    each feature's mean in the batch; below 0 the mean would do better.

    Args:
        predicted: (batch, features).
        true: The same number of values, (batch, ...). Receives no gradient.
        weight: w >= 0, of the shape of ``true``; None is 1 everywhere.
    """
    true = tf.stop_gradient(tf.reshape(true, tf.shape(predicted)))
    error, spread = (tf.math.squared_difference(x, true) for x in (predicted, tf.reduce_mean(true, 0, keepdims=True)))
    if weight is None:
        loss, variance = tf.reduce_mean(error), tf.reduce_mean(spread)
    else:
        weight = tf.cast(tf.reshape(weight, tf.shape(predicted)), error.dtype)
        loss, variance = (
            tf.math.divide_no_nan(tf.reduce_sum(weight * values), tf.reduce_sum(weight)) for values in (error, spread)
        )
    return loss, 1 - tf.math.divide_no_nan(loss, variance)


@dataclass(frozen=True)
class Reconstruct(Task):
    """Give back the sample from a corrupted version of it.

    Attributes:
        noise: ``gaussian`` adds noise of deviation ``amount``; ``masking`` sets a share ``amount`` of each sample's
            features to 0, chosen at random.
        amount: 0 corrupts nothing: a plain autoencoder.
        emphasis: Features that were left as they were weigh 1 - emphasis in the error, the others 1.
        patch: Of images, ``masking`` hides squares with this side in pixels.
    """

    noise: Literal["gaussian", "masking"] = "masking"
    amount: float = 0.0
    emphasis: float = 0.0
    patch: int = 1

    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        x, seed = batch["x"], batch["seed"]
        if self.noise == "gaussian":
            changed, given = tf.ones_like(x, tf.bool), views.noisy(x, seed, self.amount)
        else:
            changed = views.hidden(x, seed, self.amount, self.patch)
            given = tf.where(changed, tf.zeros_like(x), x)
        weight = None if self.emphasis == 0 else tf.where(changed, 1.0, 1 - self.emphasis)
        return squared_error(model(given, training=training), x, weight)
