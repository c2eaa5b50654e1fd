"""Image networks that others trained on ImageNet: what is known of each without building it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """One backbone.

    Attributes:
        builder: ``keras:<name>`` for a function of `keras.applications`, ``ours:<module>`` for our own build.
        ends: Names of the layers, in Keras's own naming, that end its blocks, from input to output.
        scaling: The `data.scaling` that its weights were trained with.
        flipped: Whether its channels are blue, green, red.
        side: Height and width it was trained with, in pixels.
        smallest: The smallest height and width it takes.
        top1: Published share of ImageNet's validation images that it gets right in one guess.
        published: Where that figure stands.
    """

    builder: str
    ends: tuple[str, ...]
    scaling: str
    flipped: bool
    side: int
    smallest: int
    top1: float
    published: str


BACKBONES: Mapping[str, Facts] = {
    "efficientnet-lite0": Facts(
        builder="ours:lite",
        ends=tuple(f"stage-{number}" for number in range(1, 10)),
        scaling="centred",
        flipped=False,
        side=224,
        smallest=32,
        top1=0.751,
        published="https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html",
    ),
}
