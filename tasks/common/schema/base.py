"""What all blocks of params.yaml are made of: strict, frozen sections, and the settings every training has."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0)]
Whole = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0, description="learning rate")]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, description="of a term in a loss")]


def method_name(name: str) -> str:
    """A field's name as params.yaml writes it: with hyphens."""
    return name.replace("_", "-")


class Section(BaseModel):
    """A block of params.yaml. A misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(Section):
    """A block whose keys are method names, written with hyphens in params.yaml."""

    model_config = ConfigDict(alias_generator=method_name)


class Nothing(Section):
    """A method without settings."""


class Training(Section):
    optimizer: Literal["sgd", "momentum", "adam"]
    rates: Annotated[list[Rate], Field(min_length=1)]
    epochs: Count
    batch: Count
    keep: Literal["best", "last"]
