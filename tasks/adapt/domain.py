"""A small network that tells source from target by their features, for the adversarial methods."""

from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.schema.study import Network
from tasks.models import surgery
from tasks.models.dense import initial, linear

LAYERS = ("domain-hidden", "domain")


def with_domain(model: keras.Model, network: Network, units: int, seed: int) -> keras.Model:
    """``model`` with a second output ``domain``, logits (batch, 1) of being from the source; it shares all layers.

    One hidden layer of ``units`` rectified units. Initial weights hang on ``seed`` and the layers' names alone.
    """
    hidden, output = LAYERS
    layer = keras.layers.Dense(units, activation="relu", kernel_initializer=initial(network, hidden, seed), name=hidden)
    signal = linear(1, output, seed)(layer(surgery.features(model).output))
    return keras.Model(model.input, {"head": model.output, output: signal}, name=model.name)


def domain_logits(model: keras.Model, features: Any) -> Any:
    """Logits (b, 1) of being from the source."""
    signal = features
    for name in LAYERS:
        signal = model.get_layer(name)(signal)
    return signal


def loss(logits: Any, label: float) -> Any:
    """Mean binary cross-entropy in nats of logits (b, 1), all with one label: 1 source, 0 target."""
    labels = tf.fill(tf.shape(logits), label)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))
