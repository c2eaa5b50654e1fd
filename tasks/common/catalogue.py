"""What is known of each kind of data set before it is downloaded, so that params.yaml can be checked first."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Class names in label order, auxiliary targets on offer, samples of a class to train on, scalings that fit, and
    whether the samples are images."""

    classes: tuple[str, ...]
    auxiliary: tuple[str, ...]
    per_class: int | None  # None: params.yaml says
    scalings: tuple[str, ...]
    images: bool


KINDS = {
    "fashion-mnist": Facts(
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        auxiliary=("ink", "extent"),
        per_class=6000,
        scalings=("standardise", "unit"),
        images=True,
    ),
    "tables": Facts(
        classes=("source-0", "source-1", "target-0", "target-1", "target-2"),
        auxiliary=("response",),
        per_class=None,
        scalings=("standardise",),
        images=False,
    ),
}

WITHOUT_SOURCE = ("scratch", "scratch-tuned")
"""Transfer methods that carry nothing over: the controls. None of them may teach a student."""
