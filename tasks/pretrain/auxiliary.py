"""Auxiliary task: learn features that predict known quantities of the source's samples."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.pretrain import pretext
from tasks.pretrain.pretext import Task
from tasks.pretrain.reconstruction import squared_error


@dataclass(frozen=True)
class Regress(Task):
    """Predict the quantities: mean squared error over samples and quantities, each with deviation 1."""

    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        return squared_error(model(batch["x"], training=training), batch["auxiliary"])


def run(sample: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """The network with a linear head for the quantities of ``data.auxiliary``; class labels are not looked at.

    With the inputs as quantities and one hidden layer this is `autoencoder`, bit for bit.

    Raises:
        UserError: If the sample has no auxiliary quantity.

    Source: "Multitask Learning", doi:10.1023/A:1007379606734 (Caruana, 1997), learnt one after another here.
    """
    quantities = sample.train.auxiliary.shape[1]
    if not quantities:
        raise UserError("pretrain 'auxiliary' predicts quantities, and data.auxiliary names none; name one there.")
    return pretext.train(sample, network, settings, seed, Regress(), top=pretext.linear(quantities, seed))
