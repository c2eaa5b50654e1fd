"""Settings of the distillation methods."""

from typing import Annotated

from pydantic import Field

from tasks.common.schema.base import Named, Share, Training


class Logits(Training):
    temperature: Annotated[float, Field(gt=0, description="softening T, dimensionless")]
    weight: Annotated[Share, Field(description="share of the soft targets in the loss")]


class Distill(Named):
    logits: Logits
    student_scratch: Training
