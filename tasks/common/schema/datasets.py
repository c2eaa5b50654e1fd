"""Data sets by their ``kind``."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from tasks.common.schema.base import Count, Section, Share
from tasks.common.schema.own import OwnArrays, OwnHub, OwnImages, OwnTable, OwnText, OwnWeights


class FashionMnist(Section):
    kind: Literal["fashion-mnist"]


class Mnist(Section):
    """``crop`` keeps the central so many pixels each way; ``side`` is the size they are averaged to."""

    kind: Literal["mnist"]
    crop: Annotated[int, Field(gt=0, le=28)] | None = None
    side: Annotated[int, Field(gt=0, le=28, validate_default=True)] = 28

    @field_validator("side")
    @classmethod
    def _no_larger_than_the_crop(cls, side: int, info: ValidationInfo) -> int:
        crop = info.data.get("crop")
        if crop is not None and side > crop:
            text = "side {side} is larger than crop {crop}, and averaging only makes images smaller"
            raise PydanticCustomError("side", text, {"side": side, "crop": crop})
        return side


class Digits(Section):
    kind: Literal["digits"]


Alphabet = Literal[
    "Balinese", "Early_Aramaic", "Greek", "Japanese_(katakana)", "Korean", "Latin", "Sanskrit", "Tagalog"
]


class Omniglot(Section):
    """``others`` are all alphabets but katakana; ``side`` is the size the drawings are averaged to."""

    kind: Literal["omniglot"]
    alphabets: Literal["katakana", "others"] | Annotated[list[Alphabet], Field(min_length=1)]
    side: Annotated[int, Field(gt=0, le=105)] = 28


class Emnist(Section):
    kind: Literal["emnist"]


class Letters(Section):
    kind: Literal["letters"]


class Tables(Section):
    kind: Literal["tables"]
    relatedness: Share
    source_rows: Count
    target_rows: Count
    test_rows: Count
    features: Annotated[int, Field(ge=5)] = 20


class ShiftedTables(Section):
    """``gap`` is how far the target's inputs are from the source's: 0 is none."""

    kind: Literal["shifted-tables"]
    gap: Share
    source_rows: Count
    target_rows: Count
    test_rows: Count
    features: Annotated[int, Field(ge=6)] = 20


class Clothing(Section):
    """``side`` is the height and width that each photo, cut to a square, is brought to."""

    kind: Literal["clothing"]
    side: Annotated[int, Field(ge=16, le=400)] = 96


class Reviews(Section):
    """Rated sentences of one ``domain``, as numbers of word pieces or of words: ``length`` of them at most."""

    kind: Literal["reviews"]
    domain: Literal["movie", "product", "news", "tweet"]
    tokens: Literal["pieces", "words"] = "pieces"
    length: Annotated[int, Field(ge=4, le=512)] = 32
    words: Annotated[Count, Field(description="known ones, the most frequent first; of no meaning for pieces")] = 20_000
    neutral: Annotated[float, Field(ge=0, le=4, description="a mean rating nearer to 0 is neither good nor bad")] = 0.5


class Weights(Section):
    """Weights that others trained: an image backbone's, ``minilm`` or ``glove``."""

    kind: Literal["weights"]
    of: str
    words: Annotated[Count, Field(description="word vectors kept, the most frequent first")] = 20_000


class HubModel(Section):
    """A SavedModel of TensorFlow Hub by its handle."""

    kind: Literal["hub"]
    handle: Annotated[str, Field(min_length=1)]


class Embedded(Section):
    """Another data set, each sample of which is made into features; ``run.embedded`` says by which weights."""

    kind: Literal["embedded"]
    classes: Annotated[list[str], Field(min_length=2)]
    auxiliary: list[str] = Field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """Names of the classes, in label order."""
        return self.classes


Dataset = Annotated[
    FashionMnist
    | Mnist
    | Digits
    | Omniglot
    | Emnist
    | Letters
    | Tables
    | ShiftedTables
    | Clothing
    | Reviews
    | Weights
    | HubModel
    | Embedded
    | OwnTable
    | OwnArrays
    | OwnImages
    | OwnText
    | OwnHub
    | OwnWeights,
    Field(discriminator="kind"),
]
