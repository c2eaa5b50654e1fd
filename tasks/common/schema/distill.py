"""Settings of the distillation methods."""

from typing import Annotated

from pydantic import Field

from tasks.common.schema.base import Count, Named, Share, Training, Weight, Whole

Temperature = Annotated[float, Field(gt=0, description="softening T, dimensionless")]
Layer = Annotated[str, Field(min_length=1, description="`penultimate`, or a dense hidden layer such as `hidden-1`")]


class Logits(Training):
    temperature: Temperature
    weight: Annotated[Share, Field(description="share of the soft targets in the loss")]


class Features(Training):
    hint: Annotated[Layer, Field(description="of the teacher")]
    guided: Annotated[Layer, Field(description="of the student")]
    weight: Weight


class Attention(Training):
    weight: Weight


class Relations(Training):
    distance: Weight
    angle: Weight


class Decoupled(Training):
    temperature: Temperature
    alpha: Weight
    beta: Weight


class BornAgain(Logits):
    generations: Whole


class Unlabelled(Logits):
    pass


class Augmented(Logits):
    copies: Count
    swap: Annotated[Share, Field(description="probability that a value of a row is replaced")]
    spread: Annotated[float, Field(ge=0, description="deviation of the new value, in distances to the neighbour's")]
    shift: Annotated[Whole, Field(description="pixels an image may move in each direction")]


class Distill(Named):
    logits: Logits
    features: Features
    attention: Attention
    relations: Relations
    decoupled: Decoupled
    self: BornAgain
    unlabelled: Unlabelled
    augmented: Augmented
    student_scratch: Training
