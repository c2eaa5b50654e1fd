"""params.yaml as frozen, typed models: every complaint at once, before anything runs.

Reading them imports neither TensorFlow nor NumPy, so a check takes a moment.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML, YAMLError

from tasks.common import complaints
from tasks.common.errors import UserError

PATH = Path("params.yaml")

Count = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(gt=0, description="learning rate")]
Share = Annotated[float, Field(ge=0, le=1)]
S = TypeVar("S", bound="Section")


def _hyphens(name: str) -> str:
    return name.replace("_", "-")


class Section(BaseModel):
    """A block of params.yaml. A misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Named(Section):
    """A block whose keys are method names, written with hyphens in params.yaml."""

    model_config = ConfigDict(alias_generator=_hyphens)


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


Family = Literal["pretrain", "transfer", "distill", "mtl"]


class Params(Section):
    """The whole of params.yaml."""

    run: Run
    seed: Annotated[int, Field(ge=0)]
    size: str
    sizes: dict[str, Size]
    runtime: Runtime
    datasets: dict[str, Dataset]
    studies: dict[str, Study]
    overrides: dict[str, dict[str, dict[str, Any]]]
    pretrain: Pretrain
    transfer: Transfer
    distill: Distill
    mtl: Mtl

    @property
    def caps(self) -> Size:
        """The size this run has."""
        return self.sizes[self.size]

    def defaults(self, family: Family, method: str) -> Section:
        """A method's settings as its own block has them."""
        settings: Section = getattr(getattr(self, family), method.replace("-", "_"))
        return settings

    def settings(self, study: str, family: Family, method: str) -> Any:
        """A method's settings in one study, overrides applied, epochs capped by the size.

        Raises:
            ValidationError: If an override does not fit the method; `load` has found that out before.
        """
        default = self.defaults(family, method)
        merged = default.model_dump() | self.overrides.get(study, {}).get(method, {})
        return capped(type(default).model_validate(merged), self.caps)


def capped(settings: S, caps: Size) -> S:
    """The same settings with no more epochs than ``caps`` allows."""
    limits = {
        name: min(getattr(settings, name), caps.epochs)
        for name in ("epochs", "head_epochs")
        if caps.epochs is not None and hasattr(settings, name)
    }
    return settings.model_copy(update=limits)


def known(family: Family) -> list[str]:
    """Names of the methods a family has, as params.yaml writes them."""
    models: dict[Family, type[BaseModel]] = {
        "pretrain": Pretrain,
        "transfer": Transfer,
        "distill": Distill,
        "mtl": Mtl,
    }
    return [_hyphens(name) for name in models[family].model_fields if name not in Pretrain.COUNTS]


def parse(content: Mapping[str, Any]) -> Params:
    """Typed parameters from the plain content of params.yaml.

    Raises:
        UserError: With every complaint on a line of its own.
    """
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        raise UserError(complaints.report(complaints.of_types(error, Params, content))) from None
    found = complaints.of_names(params)
    if found:
        raise UserError(complaints.report(found))
    return params


def load(path: Path = PATH) -> Params:
    """Read and check params.yaml in the current folder.

    Raises:
        UserError: If it is missing, is not YAML, or has anything wrong in it.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} was not found in {Path.cwd().name}/; run this in the project's folder.") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds {type(content).__name__}, expected a mapping of sections such as `run:`.")
    return parse(content)
