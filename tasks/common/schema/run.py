"""What is run, how large, and in which numerical surroundings."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Section
from tasks.common.schema.crossmodal import CrossModalRun
from tasks.common.schema.fewshot import FewShotRun

Family = Literal["pretrain", "transfer", "distill", "mtl", "adapt"]
FAMILIES: tuple[Family, ...] = ("transfer", "distill", "mtl", "adapt")
"""Families whose methods are compared, in the order of the DAG."""


GIVEN = "given"
"""The source model whose weights others trained: it has no settings."""


class StudyRun(Section):
    """Where a selected study's data come from, and which methods run on it."""

    source: str
    target: str
    suite: str


class Embedding(Section):
    """What a data set of features is made of: the data set ``of``, by the weights ``by``."""

    of: str
    by: str


class Run(Section):
    studies: Annotated[dict[str, StudyRun], Field(min_length=1)]
    datasets: list[str]
    files: Annotated[dict[str, str], Field(description="own data sets, and the file or folder each is read from")] = (
        Field(default_factory=dict)
    )
    weights: Annotated[list[str], Field(description="weights that others published")] = Field(default_factory=list)
    weight_files: Annotated[
        dict[str, str], Field(description="weights of one's own, and each one's file or folder")
    ] = Field(default_factory=dict)
    given: Annotated[dict[str, str], Field(description="studies whose network starts from weights of a data set")] = (
        Field(default_factory=dict)
    )
    embedded: Annotated[dict[str, Embedding], Field(description="data sets made of another by frozen weights")] = Field(
        default_factory=dict
    )

    fewshot: FewShotRun
    crossmodal: CrossModalRun


class Methods(Section):
    """Selected methods by family. ``pretrain`` names source models. Transfer methods start from ``start``, and those in
    ``origins`` also from each of ``sources``."""

    pretrain: Annotated[list[str], Field(min_length=1)]
    start: str = "supervised"
    transfer: Annotated[list[str], Field(min_length=1)]
    origins: list[str] = Field(default_factory=list)
    sources: list[str] = Field(default_factory=list)
    distill: list[str] = Field(default_factory=list)
    mtl: list[str] = Field(default_factory=list)
    adapt: list[str] = Field(default_factory=list)

    @property
    def families(self) -> dict[str, Family]:
        """The family of every method with settings."""
        families: dict[str, Family] = {
            method: family for family in ("pretrain", *FAMILIES) for method in getattr(self, family) if method != GIVEN
        }
        return families | ({"target-oracle": "adapt"} if self.adapt else {})

    @property
    def from_others(self) -> dict[str, tuple[str, str]]:
        """Methods that start from another source model than ``supervised``: name -> (method, source)."""
        return {f"{method}-from-{source}": (method, source) for source in self.sources for method in self.origins}


class Budgets(Section):
    """Transfer methods that are also trained with fewer or more labels, for their learning curves."""

    methods: list[str] = Field(default_factory=list)
    percent: Annotated[
        list[Annotated[int, Field(ge=1, le=10_000)]],
        Field(description="of a study's labelled samples; above 100 the labels of unlabelled ones are taken too"),
    ] = Field(default_factory=list)


class Suite(Section):
    """Studies that run the same methods."""

    studies: list[str]
    methods: Methods
    budgets: Budgets = Field(default_factory=Budgets)


class Size(Section):
    """Repeats of every method, and caps that make a run small; None caps nothing."""

    repeats: Count
    epochs: Count | None = None
    source_rows: Count | None = None
    test_rows: Count | None = None


class Runtime(Section):
    """``precision``: what networks compute in while they are trained; their weights are float32 in any case."""

    threads: Count
    onednn: bool
    deterministic: bool
    precision: Literal["float32", "mixed_bfloat16"] = "float32"
