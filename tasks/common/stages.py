"""What the stages that train methods have in common: where results lie, and the loop over repeats."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tasks.common import outcomes, seeds
from tasks.common.backend import keras
from tasks.common.errors import UserError, nearest
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import Params
from tasks.common.schema import Section

DATA = Path("data")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Source:
    """A model trained on the source, and the classes its logits stand for."""

    model: keras.Model
    classes: tuple[str, ...]


def folder(family: str, study: str, method: str) -> Path:
    """Where a method's outcome lies."""
    return DATA / family / study / method


def choose(table: dict[str, Row], family: str, method: str) -> Row:
    """A row of a method table.

    Raises:
        UserError: If there is none of this name.
    """
    if method not in table:
        raise UserError(f"{family} has no method '{method}'; known: {', '.join(table)}.{nearest(method, table)}")
    return table[method]


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed that all methods share in one repeat."""
    return seeds.derive(seed, "repeat", repeat)


def train(
    params: Params,
    family: Any,
    study: str,
    method: str,
    run: Callable[[int, int], Trained | Failed],
    about: dict[str, Any],
) -> None:
    """Run a method in every repeat, ``run(repeat, seed)``, say how it goes, and save what came out."""
    results = []
    for repeat in range(params.caps.repeats):
        results.append(run(repeat, repeat_seed(params.seed, repeat)))
        print(f"{study} {method} repeat {repeat}: {_said(results[-1])}", flush=True)
    settings: Section = params.settings(study, family, method)
    about = {"family": family, "settings": settings.model_dump(), **about}
    outcomes.save(folder(family, study, method), results, about)


def pretrained(study: str, classes: Collection[str]) -> Callable[[int], Source]:
    """The source model of a repeat, loaded anew at each call: nobody can change another's."""
    home = folder("pretrain", study, "supervised")
    models = len(outcomes.read(home)["repeats"])
    return lambda repeat: Source(outcomes.load(home, repeat % models), tuple(classes))


def _said(result: Trained | Failed) -> str:
    if isinstance(result, Failed):
        return f"failed, {result.reason}"
    rate = f", rate {result.rate:g}, epoch {result.course.epoch}" if result.rate else ""
    return f"validation accuracy {result.course.validation_accuracy:.3f}{rate}"
