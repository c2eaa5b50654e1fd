"""The results of an evaluation: read, checked and asked. Repeat r of each method is paired with that of the others."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from tasks.common.artifacts import read_json
from tasks.common.errors import UserError
from tasks.common.intervals import overlap
from tasks.report.records import Budget, Hard, Method, Record

Floats = NDArray[np.float64]
Measure = Literal["accuracy", "macro_f1", "log_loss", "calibration_error"]


class Results(Record):
    study: str
    classes: list[str]
    test_size: int
    labelled: int
    validation: int
    unlabelled: int = 0
    pool: int | None = None  # target samples that those of every repeat are drawn from
    repeats: int
    size: str = "full"
    teacher: str | None = None
    methods: dict[str, Method]
    order: Annotated[list[str], Field(min_length=1)]
    hardest: list[Hard] = Field(default_factory=list)
    budgets: list[Budget] = Field(default_factory=list)
    hashes: dict[str, str] = Field(default_factory=dict)
    versions: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _order_names_the_methods(self) -> "Results":
        if sorted(self.order) != sorted(self.methods):
            raise ValueError("order must name every method once")
        return self

    def __hash__(self) -> int:
        return hash(self.study)  # its lists and mappings have none, and results that are equal are of one study

    def measure(self, method: str, name: Measure) -> Floats:
        """One measure of a method, (repeats,) float64; NaN where the repeat failed or is missing."""
        values = np.full(self.repeats, np.nan)
        for one in self.methods[method].repeats:
            value = getattr(one, name)
            if one.failed is None and value is not None:
                values[one.repeat] = value
        return values

    @property
    def share(self) -> float:
        """Part of the pool of target samples that one repeat draws; see `tasks.common.intervals.overlap`."""
        return overlap(self.labelled, self.validation, self.pool)

    def same_network(self, one: str, other: str) -> bool:
        """Whether two methods have as many parameters, which is as far as an evaluation tells."""
        return self.methods[one].parameters.total == self.methods[other].parameters.total

    def same_search(self, one: str, other: str) -> bool:
        """Whether two methods try as many trainings of as many epochs."""
        first, second = self.methods[one], self.methods[other]
        return (first.trainings, first.epochs) == (second.trainings, second.epochs)

    def confusion(self, method: str) -> NDArray[np.int64] | None:
        """Test samples of (true class, predicted class), summed over the repeats; None if all failed."""
        counted = [one.confusion for one in self.methods[method].repeats if one.confusion is not None]
        return np.sum(counted, axis=0, dtype=np.int64) if counted else None

    def failures(self) -> list[tuple[str, int, str]]:
        """Method, repeat and reason of every training that failed."""
        return [
            (name, one.repeat, one.failed)
            for name in self.order
            for one in self.methods[name].repeats
            if one.failed is not None
        ]


def parse(content: Any, origin: str = "results.json") -> Results:
    """Typed results from plain JSON.

    Raises:
        UserError: If a key is missing or has another type; names the first few.
    """
    try:
        results = Results.model_validate(content)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg']}" for one in error.errors()[:3])
        raise UserError(
            f"{origin} is not an evaluation this report can read ({found}). Run the evaluate stage of this study again."
        ) from None
    beyond = [
        f"{name} has repeat {one.repeat}"
        for name, method in results.methods.items()
        for one in method.repeats
        if not 0 <= one.repeat < results.repeats
    ]
    if beyond:
        raise UserError(
            f"{origin}: {beyond[0]}, expected 0 to {results.repeats - 1}. Run the evaluate stage of this study again."
        )
    return results


def read(path: Path) -> Results:
    """Read ``data/evaluate/<study>/results.json``.

    Raises:
        UserError: If it is not there, is not JSON, or does not hold an evaluation.
    """
    return parse(content(path, "evaluate"), str(path))


def content(path: Path, stage: str) -> Any:
    """What a JSON file holds that another stage of the study wrote.

    Raises:
        UserError: If it is not there, or is not JSON.
    """
    try:
        return read_json(path)
    except FileNotFoundError:
        why, when = "was not found", "first"
    except ValueError as error:
        why, when = f"is not valid JSON ({error})", "again"
    raise UserError(f"{path} {why}; the report is made from it. Run the {stage} stage of this study {when}.")
