"""Settings of the transfer methods."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Named, Nothing, Training, Whole


class FineTuning(Training):
    head_epochs: Whole
    slowdown: Annotated[float, Field(gt=0, le=1)]
    layers: Literal["all"] | Count | Annotated[list[str], Field(min_length=1)]


class Transfer(Named):
    scratch: Training
    scratch_tuned: Training
    fixed: Nothing
    feature_extraction: Training
    fine_tuning: FineTuning
