"""Ways to match images with descriptions of classes; all are called (seen, network, settings, seed).

They are told of the seen classes of one split alone: images, labels and descriptions. What they give is a model of two
towers (`tasks.crossmodal.towers`); the cosine between an image and a description is how well the two fit.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.crossmodal import chance, contrastive, devise, eszsl

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "chance": chance.run,
    "eszsl": eszsl.run,  # Romera-Paredes and Torr, 2015
    "devise": devise.run,  # Frome et al., 2013
    "contrastive": contrastive.run,  # Radford et al., 2021
}
