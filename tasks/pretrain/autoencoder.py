"""Autoencoder: learn features from which the sample can be given back."""

import math

from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.pretrain import pretext
from tasks.pretrain.reconstruction import Reconstruct, decoder


def run(sample: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """The network's body as encoder, its mirror as decoder, trained together on the mean squared error.

    The loss is the mean over samples and features of ``(decoded - x)²``, in squared units of the scaled inputs.
    A last hidden layer as wide as the input or wider can copy it and need not learn anything else; `denoising` and
    `masked` are for that. Labels are not looked at. The decoder is thrown away.

    Departs from the paper: no layer-wise start (`greedy` has one), and ReLU-like units make do without it.

    Source: "Reducing the dimensionality of data with neural networks", doi:10.1126/science.1127647 (Hinton &
    Salakhutdinov, 2006).
    """
    features = math.prod(sample.train.x.shape[1:])
    return pretext.train(sample, network, settings, seed, Reconstruct(), top=decoder(network, features, seed))
