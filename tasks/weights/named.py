"""Weights by what they are of; each module is imported when it is asked for, since most need TensorFlow."""

from tasks.common.artifacts import Arrays
from tasks.common.backbones import BACKBONES
from tasks.common.errors import UserError, unknown
from tasks.common.schema.datasets import Weights


def load(settings: Weights) -> Arrays:
    """The arrays of ``settings.of``, float32.

    Raises:
        UserError: If there are no such weights, or no source has them.
    """
    if settings.of == "minilm":
        from tasks.weights import minilm

        return minilm.load(settings)
    if settings.of == "glove":
        from tasks.weights import glove

        return glove.load(settings)
    if settings.of == "efficientnet-lite0":
        from tasks.weights import lite

        return lite.load(settings)
    if settings.of not in BACKBONES:
        raise UserError(unknown("a data set of kind weights", settings.of, ("minilm", "glove", *BACKBONES)))
    from tasks.weights import applications

    return applications.load(settings)
