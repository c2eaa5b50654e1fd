"""Settings of the domain adaptation methods."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Named, Share, Training, Weight, Whole

Criterion = Literal["source-validation", "information", "density"]
Weights = Annotated[list[Weight], Field(min_length=1)]
Steepness = Annotated[float, Field(gt=0, description="of the rise of λ over a training, dimensionless")]
Confidence = Annotated[float, Field(ge=0, le=1, description="least probability of a pseudo-label")]


class Adaptation(Training):
    """``choice`` names the criterion that chooses among all candidates, without target labels."""

    choice: Criterion


class Weighted(Adaptation):
    """Each rate is tried with each weight; weight 0 is `source-only`."""

    weights: Weights


class Dann(Weighted):
    steepness: Steepness
    units: Count


class Mmd(Weighted):
    kernels: Count


class Adda(Weighted):
    source_epochs: Count
    units: Count


class SelfTraining(Weighted):
    source_epochs: Count
    rounds: Whole
    confidence: Confidence


class AdaBn(Adaptation):
    weights: Annotated[list[Share], Field(min_length=1)]


class Adapt(Named):
    source_only: Adaptation
    target_oracle: Training
    dann: Dann
    mmd: Mmd
    coral: Weighted
    adda: Adda
    self_training: SelfTraining
    adabn: AdaBn
