"""Network architectures by the `kind` of their block in params.yaml; all networks output logits."""

from collections.abc import Callable, Mapping
from typing import Any

from tasks.common.backend import keras
from tasks.models import backbone, convolutional, dense, embedding, hub, image_layers, text_layers, transformer
from tasks.models.dense import HEAD

KINDS: Mapping[str, Callable[..., keras.Model]] = {
    "dense": dense.build,
    "convolutional": convolutional.build,
    "backbone": backbone.build,
    "transformer": transformer.build,
    "embedding": embedding.build,
    "hub": hub.build,
}
LAYERS: Mapping[str, type] = {
    **image_layers.LAYERS,
    "Hub": hub.Hub,
    "Positions": text_layers.Positions,
    "PaddedAttention": text_layers.PaddedAttention,
    "PaddedMean": text_layers.PaddedMean,
    "TermWeights": text_layers.TermWeights,
}
"""Layers of our own that a saved architecture may name."""


def build(spec: Any, input_shape: tuple[int, ...], outputs: int, seed: int) -> keras.Model:
    """A fresh network, (batch, *input_shape) -> logits (batch, outputs); see the modules for their layers' names."""
    return KINDS[spec.kind](spec, input_shape, outputs, seed)


__all__ = ["HEAD", "KINDS", "LAYERS", "build"]
