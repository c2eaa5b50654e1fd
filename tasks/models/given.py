"""Networks whose weights others trained, made of an array for each variable."""

from tasks import models
from tasks.common.artifacts import Arrays
from tasks.common.backend import keras
from tasks.common.schema.study import Network
from tasks.models import hub, surgery


def build(network: Network, inputs: tuple[int, ...], weights: Arrays, seed: int) -> keras.Model:
    """The network without a head, with these weights: (batch, *inputs) -> features.

    Raises:
        UserError: If the weights are of another network.
    """
    model = surgery.copy(surgery.features(models.build(network, inputs, 2, seed)))
    surgery.assign(model, hub.weights(weights) if network.kind == "hub" else weights)
    return model
