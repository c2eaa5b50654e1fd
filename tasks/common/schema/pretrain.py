"""Settings of the methods that train a source model."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Named, Section, Share, Training, Whole


class Denoising(Training):
    noise: Literal["gaussian", "masking"]
    amount: Annotated[Share, Field(description="deviation of the noise, or share of the features masked")]
    emphasis: Annotated[Share, Field(description="how much less untouched features count")]


class Greedy(Training):
    masking: Annotated[Share, Field(description="of a layer's inputs hidden from it")]


class Views(Section):
    """How two views of a sample differ: ``corruption`` of rows, the others of images."""

    corruption: Annotated[Share, Field(description="share of the features taken from other rows")]
    crop: Annotated[float, Field(gt=0, le=1, description="smallest side of a part, as a share of the image's")]
    shift: Annotated[Whole, Field(description="pixels at most")]
    flip: bool
    noise: Annotated[float, Field(ge=0, description="deviation, in the unit of the scaled inputs")]


class Contrastive(Training):
    temperature: Annotated[float, Field(gt=0, description="of the similarities, dimensionless")]
    projection: Annotated[Count, Field(description="width of the projections that are compared")]
    views: Views


class Masked(Training):
    share: Annotated[float, Field(gt=0, le=1, description="of the features hidden")]
    patch: Annotated[Count, Field(description="side in pixels of the squares hidden in images")]


class MaskedTokens(Training):
    share: Annotated[float, Field(gt=0, lt=1, description="of a text's word pieces hidden")]


class Pretrain(Named):
    COUNTS: ClassVar = ("repeats",)
    """Fields that are no methods."""

    repeats: Count
    supervised: Training
    autoencoder: Training
    denoising: Denoising
    greedy: Greedy
    contrastive: Contrastive
    rotation: Training
    masked: Masked
    masked_tokens: MaskedTokens
    auxiliary: Training
    intermediate: Training
