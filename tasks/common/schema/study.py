"""A study: a question, its source and target, and its networks."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Section, Whole
from tasks.common.schema.own import Encoding

Classes = Annotated[list[str], Field(min_length=2)] | Literal["all"]
Activation = Literal["relu", "selu", "elu", "gelu", "tanh"]
Initializer = Literal["he_normal", "lecun_normal", "glorot_uniform"]


class Source(Section):
    classes: Classes
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
    scaling: Literal["standardise", "unit", "overall"]
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


Network = Annotated[Dense | Convolutional, Field(discriminator="kind")]


class Study(Section):
    question: Annotated[str, Field(min_length=1)]
    data: Data
    network: Network
    student: Network
