"""Denoising autoencoder: learn features from which a corrupted sample can be repaired."""

import math

from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.pretrain import Denoising
from tasks.common.schema.study import Network
from tasks.pretrain import pretext
from tasks.pretrain.reconstruction import Reconstruct, decoder


def run(sample: Sample, network: Network, settings: Denoising, seed: int) -> Trained | Failed:
    """An autoencoder that sees ``x`` corrupted and has to give back ``x`` itself.

    ``gaussian`` noise has deviation ``amount``; ``masking`` sets the share ``amount`` of a sample's features to 0,
    which is their mean where they are standardised. Each step corrupts anew. With ``emphasis`` a (section 4.4, α = 1
    and β = 1 - a), the error of untouched features counts less; it is divided by the sum of weights, not by their
    number, so that a rate keeps its meaning. Amount 0 without emphasis is `autoencoder`, bit for bit.

    Departs from the paper: all layers at once, where it stacks them (`greedy` with ``masking`` stacks); weights of
    encoder and decoder are not tied.

    Source: "Extracting and composing robust features with denoising autoencoders", doi:10.1145/1390156.1390294
    (Vincent et al., 2008), section 2.3; "Stacked denoising autoencoders", JMLR 11 (Vincent et al., 2010), section 4.
    """
    task = Reconstruct(settings.noise, settings.amount, settings.emphasis)
    features = math.prod(sample.train.x.shape[1:])
    return pretext.train(sample, network, settings, seed, task, top=decoder(network, features, seed))
