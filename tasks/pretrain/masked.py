"""Masked prediction: hide a part of each sample and learn to predict it from the rest."""

import math

from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.pretrain import Masked
from tasks.common.schema.study import Network
from tasks.pretrain import pretext
from tasks.pretrain.reconstruction import Reconstruct, decoder


def run(sample: Sample, network: Network, settings: Masked, seed: int) -> Trained | Failed:
    """The mean squared error of the hidden features alone, predicted from the others.

    A share of each sample's features, of images squares of ``patch`` × ``patch`` pixels, is set to 0 anew in each
    step. The error is the mean over what is hidden; giving back what was seen earns nothing. With squares of one
    pixel this is `denoising` with masking noise and full emphasis, bit for bit.

    Departs from the papers: hidden features are zeros and not a learnt token, and an image's hidden part is fed as
    zeros rather than left out, since our encoders are no transformers.

    Source: "Masked autoencoders are scalable vision learners", arXiv:2111.06377, section 3; for tables the feature
    estimation of "VIME: extending the success of self- and semi-supervised learning to tabular domain", section 4.1.
    """
    task = Reconstruct("masking", settings.share, emphasis=1.0, patch=settings.patch)
    features = math.prod(sample.train.x.shape[1:])
    return pretext.train(sample, network, settings, seed, task, top=decoder(network, features, seed))
