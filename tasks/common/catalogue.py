"""What is known of each kind of data set before it is downloaded, so that params.yaml can be checked first."""

from dataclasses import dataclass
from string import ascii_uppercase, digits
from typing import Any


@dataclass(frozen=True)
class Facts:
    """Class names in label order, auxiliary targets on offer, samples of a class to train on (of the smallest one),
    scalings that fit, and whether the samples are images."""

    classes: tuple[str, ...]
    auxiliary: tuple[str, ...]
    per_class: int | None  # None: params.yaml says
    scalings: tuple[str, ...]
    images: bool
    tokens: bool = False  # words or their pieces, by number


ALPHABETS = {
    "Balinese": 24,
    "Early_Aramaic": 22,
    "Greek": 24,
    "Japanese_(katakana)": 47,
    "Korean": 40,
    "Latin": 26,
    "Sanskrit": 42,
    "Tagalog": 17,
}
"""Characters of each alphabet in Omniglot's two small archives."""


def characters(alphabet: str) -> tuple[str, ...]:
    """Class names of an Omniglot alphabet: ``Greek/character01`` and so on."""
    return tuple(f"{alphabet}/character{number:02}" for number in range(1, ALPHABETS[alphabet] + 1))


GREY = ("standardise", "unit", "overall", "signed", "centred", "none")
BY_CHANNEL = ("imagenet", "imagenet-mean")
COLOUR = (*GREY, *BY_CHANNEL)
"""Scalings of images; those of colour alone have numbers of their own for red, green and blue."""


def _images(classes: tuple[str, ...], per_class: int | None) -> Facts:
    return Facts(classes, ("ink", "extent"), per_class, GREY, images=True)


def _photos(classes: tuple[str, ...], per_class: int | None) -> Facts:
    return Facts(classes, (), per_class, COLOUR, images=True)


def _tables(classes: tuple[str, ...], per_class: int | None = None, auxiliary: tuple[str, ...] = ()) -> Facts:
    return Facts(classes, auxiliary, per_class, ("standardise", "overall"), images=False)


def _tokens(classes: tuple[str, ...], auxiliary: tuple[str, ...] = ()) -> Facts:
    return Facts(classes, auxiliary, None, ("none",), images=False, tokens=True)


CLOTHES = (
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
)
PHOTOGRAPHED = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
KINDS = {
    "fashion-mnist": _images(CLOTHES, 6000),
    "mnist": _images(tuple(digits), 5421),
    "digits": _images(tuple(digits), 116),
    "omniglot": _images(tuple(name for alphabet in ALPHABETS for name in characters(alphabet)), 15),
    "clothing": _photos(PHOTOGRAPHED, 124),
    "emnist": _images((*digits, *ascii_uppercase, *"abdefghnqrt"), 2400),
    "letters": _tables(tuple(ascii_uppercase), 576),
    "reviews": _tokens(("negative", "positive"), ("intensity", "disagreement")),
    "tables": _tables(("source-0", "source-1", "target-0", "target-1", "target-2"), auxiliary=("response",)),
    "shifted-tables": _tables(tuple(f"{side}-{label}" for side in ("source", "target") for label in range(3))),
}


def facts_of(dataset: Any) -> Facts:
    """What is known of a data set from its block in params.yaml alone; of own data, what the block says of them."""
    if dataset.kind in KINDS:
        return KINDS[dataset.kind]
    classes = tuple(dataset.names)
    if dataset.kind == "own-images" or (dataset.kind == "own-arrays" and dataset.images):
        colour = getattr(dataset, "colour", True)  # of arrays nothing is known before they are read
        return _photos(classes, None) if colour else _images(classes, None)
    if getattr(dataset, "tokens", "none") != "none":
        return _tokens(classes)
    return _tables(classes, None, tuple(getattr(dataset, "auxiliary", ())))


def is_grey(dataset: Any) -> bool:
    """Whether the samples are images of one channel, as far as params.yaml tells."""
    facts = facts_of(dataset)
    return facts.images and not {*BY_CHANNEL} <= {*facts.scalings}


PIECES = 30_522  # BERT's


def vocabulary_of(dataset: Any) -> int | None:
    """How many different token numbers samples may have, with padding and unknown words; None if they have none."""
    kinds = {"pieces": PIECES, "words": getattr(dataset, "words", 0) + 2}
    return kinds.get(getattr(dataset, "tokens", "none"))


def classes_of(dataset: Any) -> tuple[str, ...]:
    """Names of the classes a data set has samples of, from its block in params.yaml."""
    if dataset.kind not in KINDS:
        return tuple(dataset.names)
    if dataset.kind != "omniglot":
        return KINDS[dataset.kind].classes
    katakana = "Japanese_(katakana)"
    groups = {"katakana": [katakana], "others": [name for name in ALPHABETS if name != katakana]}
    chosen = dataset.alphabets if isinstance(dataset.alphabets, list) else groups[dataset.alphabets]
    return tuple(name for alphabet in ALPHABETS if alphabet in chosen for name in characters(alphabet))


WEIGHTS = ("weights", "hub", "own-weights", "own-hub")
"""Kinds of data sets that are no samples but a model's weights."""


def room_of(dataset: Any) -> str:
    """Which list of params.yaml selects a data set: each has stages of its own."""
    if dataset.kind in WEIGHTS:
        return "run.weight_files" if dataset.kind.startswith("own-") else "run.weights"
    if dataset.kind == "embedded":
        return "run.embedded"
    return "run.files" if dataset.kind.startswith("own-") else "run.datasets"


WITHOUT_SOURCE = ("scratch", "scratch-tuned", "tf-idf")
"""Transfer methods that carry nothing over: the controls. None of them may teach a student."""
