"""The floor: a random linear map from images to descriptions, which has learnt nothing."""

import numpy as np

from tasks.common import seeds
from tasks.common.outcomes import Trained
from tasks.common.schema.base import Nothing
from tasks.common.schema.study import Network
from tasks.crossmodal import eszsl
from tasks.crossmodal.seen import Seen


def run(seen: Seen, _network: Network, _settings: Nothing, seed: int) -> Trained:
    """Independent normal weights. Guesses hang on the image, but not on what is in it."""
    inputs = seen.sample.train.x.shape[1:]
    rng = seeds.generator(seed, "crossmodal", "chance")
    kernel = rng.normal(size=(int(np.prod(inputs)), seen.texts.shape[1])).astype(np.float32)
    model = eszsl.linear_towers(inputs, kernel)
    return Trained(model, eszsl.course(model, seen.sample.validation, seen.texts), None, 0, 0)
