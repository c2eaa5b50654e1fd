"""The blocks of params.yaml as frozen, typed models. `tasks.common.params` puts them together and reads the file."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0, description="learning rate")]
Share = Annotated[float, Field(ge=0, le=1)]


def method_name(name: str) -> str:
    """A field's name as params.yaml writes it: with hyphens."""
    return name.replace("_", "-")


class Section(BaseModel):
    """A block of params.yaml. A misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(Section):
    """A block whose keys are method names, written with hyphens in params.yaml."""

    model_config = ConfigDict(alias_generator=method_name)


# --- what is run, how large, and on what -----------------------------------------------------------------


class Run(Section):
    studies: Annotated[dict[str, str], Field(min_length=1, description="study: its data set")]
    datasets: Annotated[list[str], Field(min_length=1)]
    transfer: Annotated[list[str], Field(min_length=1)]
    distill: Annotated[list[str], Field(min_length=1)]
    mtl: Annotated[list[str], Field(min_length=1)]

    @property
    def methods(self) -> dict[str, str]:
        """Every selected method that is compared, with its family, in the order of params.yaml."""
        families = {"transfer": self.transfer, "distill": self.distill, "mtl": self.mtl}
        return {method: family for family, methods in families.items() for method in methods}


class Size(Section):
    """Repeats of every method, and caps that make a run small; None caps nothing."""

    repeats: Count
    epochs: Count | None = None
    source_rows: Count | None = None
    test_rows: Count | None = None


class Runtime(Section):
    threads: Count
    onednn: bool
    deterministic: bool


class FashionMnist(Section):
    kind: Literal["fashion-mnist"]


class Tables(Section):
    kind: Literal["tables"]
    relatedness: Share
    source_rows: Count
    target_rows: Count
    test_rows: Count
    features: Annotated[int, Field(ge=5)] = 20


Dataset = Annotated[FashionMnist | Tables, Field(discriminator="kind")]

# --- a study ---------------------------------------------------------------------------------------------

Classes = Annotated[list[str], Field(min_length=2)]


class Source(Section):
    classes: Classes
    shuffle_labels: bool = False


class Target(Section):
    classes: Classes
    labelled: Annotated[int, Field(gt=0, description="labelled training samples a repeat")]
    validation: Annotated[int, Field(gt=0, description="labelled validation samples a repeat, beside those")]


class Data(Section):
    source: Source
    target: Target
    scaling: Literal["standardise", "unit"]
    auxiliary: Annotated[list[str], Field(min_length=1)]


class Network(Section):
    """A dense network: one hidden layer for each entry of ``units``."""

    units: Annotated[list[Count], Field(min_length=1)]
    activation: Literal["relu", "selu", "elu", "gelu", "tanh"]
    initializer: Literal["he_normal", "lecun_normal", "glorot_uniform"]

    @property
    def hidden(self) -> list[str]:
        """Names of the hidden layers, from input to output."""
        return [f"hidden-{number}" for number in range(1, len(self.units) + 1)]


class Study(Section):
    question: Annotated[str, Field(min_length=1)]
    data: Data
    network: Network
    student: Network


# --- methods ---------------------------------------------------------------------------------------------


class Training(Section):
    optimizer: Literal["sgd", "momentum", "adam"]
    rates: Annotated[list[Rate], Field(min_length=1)]
    epochs: Count
    batch: Count
    keep: Literal["best", "last"]


class Nothing(Section):
    """A method without settings."""


class FineTuning(Training):
    head_epochs: Annotated[int, Field(ge=0)]
    slowdown: Annotated[float, Field(gt=0, le=1)]
    layers: Literal["all"] | Count | Annotated[list[str], Field(min_length=1)]


class Logits(Training):
    temperature: Annotated[float, Field(gt=0, description="softening T, dimensionless")]
    weight: Annotated[Share, Field(description="share of the soft targets in the loss")]


class HardSharing(Training):
    auxiliary_weight: Annotated[float, Field(ge=0)]


class Pretrain(Section):
    COUNTS: ClassVar = ("repeats",)
    """Fields that are no methods."""

    repeats: Count
    supervised: Training


class Transfer(Named):
    scratch: Training
    scratch_tuned: Training
    fixed: Nothing
    feature_extraction: Training
    fine_tuning: FineTuning


class Distill(Named):
    logits: Logits
    student_scratch: Training


class Mtl(Named):
    hard_sharing: HardSharing
    single_task: Training
