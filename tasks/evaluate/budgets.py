"""The learning curves of methods over labels: measured like every method, and kept apart from those compared."""

from typing import Any

import numpy as np

from tasks.common import outcomes, stages
from tasks.common.params import Params
from tasks.common.samples import Array
from tasks.evaluate import variance
from tasks.evaluate.entries import test_logits
from tasks.evaluate.predictor import Predictor

ALL = 100
"""Percent of a study's labelled samples that its compared methods have."""


def of(
    predictor: Predictor, params: Params, study: str, logits: dict[str, Array], y: Array, classes: int
) -> list[dict[str, Any]]:
    """The points of all curves, a method's with rising labels; [] where the study asks for none.

    A point has its ``method``, ``percent`` and number of ``labels``, the ``accuracy`` of each repeat (None where it
    failed), ``failed`` with the reasons {repeat: text}, the ``test_variance`` of its mean accuracy, and under
    ``against`` that of its difference to each of the curves' methods with all labels.

    Args:
        logits: Of the compared methods, with all labels, (repeats, n, classes).
        y: True class indices, (n,).
    """
    chosen, found = params.suites[params.run.studies[study].suite].budgets, []
    labelled = params.studies[study].data.target.labelled
    for method in chosen.methods:
        for percent in sorted([*chosen.percent, ALL]):
            labels, failed, values = labelled, {}, logits[method]
            if percent != ALL:
                home = stages.folder(study, "budgets", f"{method}-at-{percent}")
                outcome = outcomes.read(home)
                labels, values = outcome["labels"], test_logits(predictor, home, outcome["repeats"], classes)
                failed = {str(row["repeat"]): row["failed"] for row in outcome["repeats"] if row["failed"]}
            against = {other: variance.test_variance(values, logits[other], y) for other in chosen.methods}
            point = {"method": method, "percent": percent, "labels": labels, "failed": failed, "against": against}
            found.append(point | accuracies(values, y))
    return found


def accuracies(logits: Array, y: Array) -> dict[str, Any]:
    """``accuracy`` of each repeat, None where it failed, and the ``test_variance`` of their mean, a share squared."""
    right = variance.hits(logits, y)  # (repeats, n)
    accuracy = [None if np.isnan(row).any() else float(row.mean()) for row in right]
    return {"accuracy": accuracy, "test_variance": variance.of_mean(right)}
