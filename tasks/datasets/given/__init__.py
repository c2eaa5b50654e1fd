"""Weights that others trained, by what they are of; each is imported when it is asked for, and gives the arrays
``<layer>/<variable>`` of the network that `tasks.models.build` makes, without its head.
"""

from importlib import import_module

from tasks.common.artifacts import Arrays
from tasks.common.backbones import BACKBONES
from tasks.common.errors import UserError, unknown
from tasks.common.schema.datasets import Weights

OURS = {"minilm": "minilm", "glove": "glove", "efficientnet-lite0": "lite"}
"""Modules here by the name of the weights; every other backbone's come from Keras."""


def load(settings: Weights, seed: int) -> Arrays:
    """The arrays of ``settings.of``, float32.

    Raises:
        UserError: If there are no such weights, or no source has them.
    """
    known = dict.fromkeys(BACKBONES, "applications") | OURS
    if settings.of not in known:
        raise UserError(unknown("datasets: a data set of kind weights", settings.of, known))
    module = import_module(f"tasks.datasets.given.{known[settings.of]}")
    arrays: Arrays = module.load(settings, seed)
    return arrays
