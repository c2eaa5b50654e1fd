"""What may be done to the samples of any training: off unless a block of params.yaml turns it on."""

from typing import Annotated

from pydantic import Field

from tasks.common.schema.base import Section, Whole

Beta = Annotated[float, Field(ge=0, description="both parameters of the Beta distribution of a mixture's share")]


class Mixing(Section):
    """Augmentation, mixtures of samples, and weights of classes."""

    shift: Annotated[Whole, Field(description="images move up to so many pixels each way")] = 0
    flip: Annotated[bool, Field(description="half of the images are seen mirrored, left to right")] = False
    noise: Annotated[float, Field(ge=0, description="standard deviation of what is added to inputs")] = 0.0
    mixup: Annotated[Beta, Field(description="0 leaves samples unmixed")] = 0.0
    cutmix: Annotated[Beta, Field(description="0 leaves images uncut")] = 0.0
    balanced: Annotated[bool, Field(description="every class has the same weight in the loss, however rare")] = False
