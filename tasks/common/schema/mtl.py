"""Settings of the multi-task methods."""

from typing import Annotated

from pydantic import Field

from tasks.common.schema.base import Named, Share, Training, Weight


class HardSharing(Training):
    auxiliary_weight: Weight


class Uncertainty(Training):
    initial_log_variance: Annotated[float, Field(ge=-20, le=20, description="log σ² of both tasks at the start")]
    variance_share: Annotated[Share, Field(description="of the learning rate, for the log-variances")]


class GradNorm(Training):
    asymmetry: Annotated[float, Field(ge=0, description="α, pull towards tasks that lag behind")]
    weight_rate: Annotated[float, Field(ge=0, description="learning rate of the task weights")]


class Dwa(Training):
    temperature: Annotated[float, Field(gt=0, description="T of the softmax over loss ratios; large: equal weights")]


class Joint(Training):
    source_weight: Weight


class Mtl(Named):
    hard_sharing: HardSharing
    equal_weights: Training
    uncertainty: Uncertainty
    gradnorm: GradNorm
    pcgrad: Training
    dwa: Dwa
    joint: Joint
    single_task: Training
