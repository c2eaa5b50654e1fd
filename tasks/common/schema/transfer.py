"""Settings of the transfer methods."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Named, Nothing, Section, Training, Weight, Whole
from tasks.common.schema.mixing import Mixing

Slowdown = Annotated[float, Field(gt=0, le=1, description="share of the rate")]


class TransferTraining(Mixing, Training):
    """What every training of this family may be told."""


class FineTuning(TransferTraining):
    head_epochs: Whole
    slowdown: Slowdown
    layers: Literal["all"] | Count | Annotated[list[str], Field(min_length=1)]


class ProgressiveUnfreezing(TransferTraining):
    steps: Annotated[Literal["all"] | Count, Field(description="after the head: one a hidden layer, or so many")]
    decay: Annotated[Slowdown, Field(description="rate of a step, as a share of the rate before")]


class DiscriminativeRates(TransferTraining):
    factor: Annotated[float, Field(ge=1, description="each layer moves so many times slower than the one above")]


class LpFt(TransferTraining):
    probe_epochs: Whole


class L2Sp(TransferTraining):
    alpha: Annotated[Weight, Field(description="of the distance from the source's weights")]
    beta: Annotated[Weight, Field(description="of the size of the head's weights")]


class Adapters(TransferTraining):
    width: Annotated[Whole, Field(description="units of the bottleneck")]


class Lora(TransferTraining):
    rank: Annotated[Whole, Field(description="of the update of a kernel")]
    alpha: Annotated[float, Field(gt=0, description="the update is scaled by alpha / rank")]


class DepthSweep(TransferTraining):
    frozen: Annotated[bool, Field(description="whether reused layers stay as they are")]


class TfIdf(Section):
    """Strengths of regularisation that are tried: a larger one means less of it, as scikit-learn's C does."""

    strengths: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    pairs: Annotated[bool, Field(description="whether neighbours count as terms too")]


class Transfer(Named):
    scratch: TransferTraining
    scratch_tuned: TransferTraining
    tf_idf: TfIdf
    fixed: Nothing
    feature_extraction: TransferTraining
    fine_tuning: FineTuning
    full_fine_tuning: TransferTraining
    progressive_unfreezing: ProgressiveUnfreezing
    discriminative_rates: DiscriminativeRates
    lp_ft: LpFt
    l2_sp: L2Sp
    bitfit: TransferTraining
    adapters: Adapters
    lora: Lora
    depth_sweep: DepthSweep
    augmentation: TransferTraining
    mixup: TransferTraining
