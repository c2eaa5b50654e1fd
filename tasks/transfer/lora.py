"""Keep the source's kernels and learn a low-rank update of each, which is merged into them at the end."""

from dataclasses import replace
from typing import Any

import numpy as np

from tasks.common import mixing, seeds
from tasks.common.backend import keras
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import Lora
from tasks.common.stages import Source
from tasks.common.training import search
from tasks.models import surgery
from tasks.models.dense import HEAD

FACTORS = ("lora_kernel_a", "lora_kernel_b")


class Dense(keras.layers.Dense):  # type: ignore[misc]
    """A dense layer that keeps its alpha when it is made from its configuration; Keras 3.15's takes the rank."""

    def enable_lora(self, rank: int, lora_alpha: float | None = None, **rest: Any) -> None:
        """As Keras does, with the alpha that the layer was made with."""
        super().enable_lora(rank, lora_alpha or self.lora_alpha, **rest)


class Separable(keras.layers.SeparableConv2D):  # type: ignore[misc]
    """A separable convolution whose pointwise kernel gets the update; Keras 3.15 offers none for it."""

    def __init__(self, lora_rank: int, lora_alpha: float, **rest: Any) -> None:
        super().__init__(**rest)
        self.lora_rank, self.lora_alpha = lora_rank, lora_alpha

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        *inputs, outputs = self._kernel.shape
        first, second = FACTORS
        shapes = {first: (*inputs, self.lora_rank), second: (self.lora_rank, outputs)}
        self.lora_kernel_a, self.lora_kernel_b = (
            self.add_weight(name=name, shape=shape, initializer="zeros") for name, shape in shapes.items()
        )

    @property
    def pointwise_kernel(self) -> Any:
        """What the layer computes with, its update included, (1, 1, inputs, filters)."""
        update = keras.ops.matmul(self.lora_kernel_a, self.lora_kernel_b)
        return keras.ops.cast(self._kernel + self.lora_alpha / self.lora_rank * update, self.compute_dtype)

    @pointwise_kernel.setter
    def pointwise_kernel(self, variable: Any) -> None:
        self._kernel = variable

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}


UPDATED: dict[type, type] = {keras.layers.Dense: Dense, keras.layers.SeparableConv2D: Separable}
"""Layers that take Keras's place when they get an update; a convolution stays Keras's own."""


def run(sample: Sample, source: Source, network: Network, settings: Lora, seed: int) -> Trained | Failed:
    """The updates' factors A and B and the head move; kernels, biases and batch normalisation stay.

    The model that comes out is an ordinary one with kernels ``W + α/r · A B``, the bits it was trained with. With
    ``rank`` 0 this is feature extraction, bit for bit.

    Source: "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685, section 4.1.
    """
    start = surgery.with_new_head(source.model, len(sample.classes), seed)
    names = surgery.with_kernels(start, network.hidden) if settings.rank else []
    updated = with_updates(start, names, settings.rank, settings.alpha, seed)
    moving = frozenset({HEAD, *(f"{name}/{factor}" for name in names for factor in FACTORS)})
    result = search(
        settings,
        sample,
        build=lambda: surgery.copy(updated),
        phases=lambda rate: [Phase("updates", rate, settings.epochs, moving)],
        seed=seed,
        **mixing.arguments(settings, sample),
    )
    if isinstance(result, Failed):
        return result
    return replace(result, model=merged(start, result.model, names))


def with_updates(model: keras.Model, names: list[str], rank: int, alpha: float, seed: int) -> keras.Model:
    """A copy of ``model`` in which each layer named has the kernel ``W + α/r · A B``.

    A is (..., inputs, rank), for a convolution with its height and width, and starts Gaussian with variance
    1 / inputs of a unit; B is (rank, units) and starts at zero, so that the copy computes what ``model`` does.

    Of a convolution in groups, inputs are those of one group: all groups share A, and each has columns of B of its own.
    Of a separable convolution W is the pointwise kernel, and the depthwise one stays.
    """

    def make(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name not in names:
            return type(layer).from_config(layer.get_config())
        kind: Any = UPDATED.get(type(layer), type(layer))
        return kind.from_config(layer.get_config() | {"lora_rank": rank, "lora_alpha": alpha})

    copy = surgery.rewired(model, make=make)
    for name in names:
        first = copy.get_layer(name).lora_kernel_a
        rng = seeds.generator(seed, "init", f"{name}-lora")
        first.assign(rng.normal(0, np.prod(first.shape[:-1]) ** -0.5, first.shape))
    return copy


def merged(model: keras.Model, trained: keras.Model, names: list[str]) -> keras.Model:
    """A copy of ``model`` with the head of ``trained``, and with its kernels, updates included, in the layers named."""
    result = surgery.copy(model)
    result.get_layer(HEAD).set_weights(trained.get_layer(HEAD).get_weights())
    for name in names:
        _kernel(result.get_layer(name)).assign(_kernel(trained.get_layer(name)))
    return result


def _kernel(layer: keras.layers.Layer) -> Any:
    """The kernel that an update is for, the update included."""
    return layer.pointwise_kernel if isinstance(layer, keras.layers.SeparableConv2D) else layer.kernel
