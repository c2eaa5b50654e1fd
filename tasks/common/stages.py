"""What the stages that train methods have in common: where results lie, and the loop over repeats."""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tasks.common import outcomes, seeds
from tasks.common.backend import keras
from tasks.common.errors import UserError, nearest
from tasks.common.outcomes import Failed, Trained
from tasks.common.params import Params
from tasks.common.training import samples_seen

DATA = Path("data")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Source:
    """A model trained on the source, and the classes its logits stand for: none where it learnt without labels.

    Such a model ends with its last hidden layer, and has no head.
    """

    model: keras.Model
    classes: tuple[str, ...]


def folder(study: str, family: str, method: str) -> Path:
    """Where the outcome of a method lies that is compared."""
    return DATA / "methods" / study / family / method


def source_folder(study: str, method: str) -> Path:
    """Where a source model lies."""
    return DATA / "pretrain" / study / method


def compared(params: Params, study: str) -> dict[str, Path]:
    """Folder of every method that is compared in a study, by its name in results, in the order of params.yaml."""
    methods = params.methods(study)
    found = {name: folder(study, "transfer", name) for name in methods.transfer}
    found |= {name: folder(study, "origins", name) for name in methods.from_others}
    for family, selected in (("distill", methods.distill), ("mtl", methods.mtl), ("adapt", methods.adapt)):
        found |= {name: folder(study, family, name) for name in selected}
    return found | ({"target-oracle": folder(study, "adapt", "target-oracle")} if methods.adapt else {})


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
    home: Path,
    run: Callable[[int, int], Trained | Failed],
    about: dict[str, Any],
    repeats: int | None = None,
) -> list[Trained | Failed]:
    """Run a method in every repeat, ``run(repeat, seed)``, say how it goes, and save what came out in ``home``.

    Args:
        about: Joins the content of outcome.json: ``family``, ``settings``, ``control`` and what a family adds.
        repeats: How many; by default as many as the size has.
    """
    results: list[Trained | Failed] = []
    seen = [samples_seen()]
    for repeat in range(repeats or params.caps.repeats):
        results.append(run(repeat, repeat_seed(params.seed, repeat)))
        seen.append(samples_seen())
        gc.collect()  # models hold themselves in circles, and Python counts objects, not bytes
        print(f"{home.name} repeat {repeat}: {_said(results[-1])}", flush=True)
    outcomes.save(home, results, about | {"samples_seen": np.diff(seen).tolist()})
    return results


def pretrained(study: str, method: str) -> Callable[[int], Source]:
    """The source model of a repeat, loaded anew at each call: nobody can change another's."""
    home = source_folder(study, method)
    about = outcomes.read(home)
    models, classes = len(about["repeats"]), tuple(about["classes"])
    return lambda repeat: Source(outcomes.load(home, repeat % models), classes)


def _said(result: Trained | Failed) -> str:
    if isinstance(result, Failed):
        return f"failed, {result.reason}"
    rate = f", rate {result.rate:g}, epoch {result.course.epoch}" if result.rate else ""
    figure = result.notes.get("figure", "accuracy")
    return f"validation {figure} {result.course.validation_accuracy:.3f}{rate}"
