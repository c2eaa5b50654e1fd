"""A study: a question, its source and target, and its networks."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from tasks.common.backbones import BACKBONES
from tasks.common.errors import nearest
from tasks.common.schema.base import Count, Section, Whole
from tasks.common.schema.own import Encoding

Classes = Annotated[list[str], Field(min_length=2)] | Literal["all"]
Activation = Literal["relu", "selu", "elu", "gelu", "tanh"]
Initializer = Literal["he_normal", "lecun_normal", "glorot_uniform"]
Scaling = Literal["standardise", "unit", "overall", "signed", "centred", "imagenet", "imagenet-mean", "none"]
"""The first three are fitted or for images; the rest are what models that others trained expect."""


class Source(Section):
    """``classes: none`` where the source is a model that others trained, and no samples."""

    classes: Classes | Literal["none"]
    rows: Count | None = None
    shuffle_labels: bool = False


class Target(Section):
    classes: Classes
    labelled: Annotated[int, Field(gt=0, description="labelled training samples a repeat")]
    validation: Annotated[int, Field(gt=0, description="labelled validation samples a repeat, beside those")]
    unlabelled: Annotated[Whole, Field(description="samples without labels a repeat, beside both")] = 0


class Data(Section):
    source: Source
    target: Target
    scaling: Scaling
    auxiliary: list[str] = Field(default_factory=list)
    shared_labels: Annotated[bool, Field(description="the k-th source class is the k-th target class")] = False
    encoding: Encoding = Field(default_factory=Encoding)
    duplicates: Annotated[
        Literal["ignore", "tell", "drop", "refuse"],
        Field(description="what to do with samples that source, target and test part share, or nearly share"),
    ] = "ignore"


class Dense(Section):
    """A dense network: one hidden layer for each entry of ``units``."""

    kind: Literal["dense"]
    units: Annotated[list[Count], Field(min_length=1)]
    activation: Activation
    initializer: Initializer
    batch_norm: bool = False

    @property
    def hidden(self) -> list[str]:
        """Names of the hidden layers, from input to output."""
        return [f"hidden-{number}" for number in range(1, len(self.units) + 1)]


class Convolutional(Section):
    """3 × 3 convolutions, each halved by pooling, then dense layers."""

    kind: Literal["convolutional"]
    filters: Annotated[list[Count], Field(min_length=1)]
    units: list[Count]
    activation: Activation
    initializer: Initializer
    batch_norm: bool = False

    @property
    def hidden(self) -> list[str]:
        """Names of the hidden layers, from input to output."""
        convolutions = [f"conv-{number}" for number in range(1, len(self.filters) + 1)]
        return convolutions + [f"hidden-{number}" for number in range(1, len(self.units) + 1)]


class Backbone(Section):
    """An image network of the table `tasks.common.backbones`, whose features are averaged over places."""

    kind: Literal["backbone"]
    name: str
    activation: Activation = "relu"  # of adapters
    initializer: Initializer = "he_normal"

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in BACKBONES:
            text = "'{name}' is no backbone; known: {known}.{nearest}"
            known = {"name": name, "known": ", ".join(BACKBONES), "nearest": nearest(name, BACKBONES)}
            raise PydanticCustomError("backbone", text, known)
        return name

    @property
    def batch_norm(self) -> bool:
        """Whether it has batch normalisation; that is not for a setting to say."""
        return BACKBONES[self.name].batch_norm

    @property
    def hidden(self) -> list[str]:
        """Names of the blocks, from input to output."""
        return [f"block-{number}" for number in range(1, len(BACKBONES[self.name].ends) + 1)]


class Transformer(Section):
    """A BERT-style encoder of word pieces: embeddings, blocks of attention and a dense network, then their mean."""

    kind: Literal["transformer"]
    vocabulary: Count
    positions: Annotated[int, Field(gt=0, description="longest text, in word pieces")]
    width: Count
    blocks: Count
    heads: Count
    inner: Annotated[int, Field(gt=0, description="width of each block's dense network")]
    activation: Activation = "gelu"
    initializer: Initializer = "glorot_uniform"
    batch_norm: Literal[False] = False

    @property
    def hidden(self) -> list[str]:
        """Names of the embeddings and the blocks, from input to output."""
        return ["embeddings", *(f"block-{number}" for number in range(1, self.blocks + 1))]

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            text = "width {width} is no multiple of heads {heads}"
            raise PydanticCustomError("heads", text, {"width": self.width, "heads": self.heads})
        return self


class Embedding(Section):
    """The mean of a text's word vectors, then dense layers."""

    kind: Literal["embedding"]
    vocabulary: Count
    width: Count
    units: list[Count]
    activation: Activation
    initializer: Initializer
    batch_norm: bool = False

    @property
    def hidden(self) -> list[str]:
        """Names of the word vectors and the hidden layers, from input to output."""
        return ["embeddings", *(f"hidden-{number}" for number in range(1, len(self.units) + 1))]


class Hub(Section):
    """A SavedModel in the form of TensorFlow Hub: (batch, ...) in, features (batch, width) out."""

    kind: Literal["hub"]
    model: Annotated[str, Field(description="the data set, of kind `hub` or `own-hub`, that holds it")]
    trainable: bool = False
    activation: Activation = "relu"
    initializer: Initializer = "he_normal"
    batch_norm: Literal[False] = False

    @property
    def hidden(self) -> list[str]:
        """Its one layer."""
        return ["hub"]


Network = Annotated[Dense | Convolutional | Backbone | Transformer | Embedding | Hub, Field(discriminator="kind")]


class Study(Section):
    question: Annotated[str, Field(min_length=1)]
    data: Data
    network: Network
    student: Network
