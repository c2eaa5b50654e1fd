"""Train every rate with every weight, keep all these models, and choose one of them without target labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.adapt import choice
from tasks.common.backend import keras
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, DivergedError
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Adaptation

Train = Callable[[float, float], tuple[keras.Model, Course]]


@dataclass(frozen=True)
class Candidate:
    """A trained model, the rate and weight that made it, and what is known of it without target labels.

    Attributes:
        criteria: Name in `tasks.adapt.choice.CRITERIA`: value, higher is better.
        shares: Of the predicted classes among the unlabelled samples.
        collapsed: See `tasks.adapt.choice.collapsed`.
    """

    model: keras.Model
    course: Course
    rate: float
    weight: float | None
    criteria: dict[str, float]
    shares: list[float]
    collapsed: bool

    @property
    def name(self) -> str:
        """``rate 0.1, weight 1``."""
        return f"rate {self.rate:g}" + ("" if self.weight is None else f", weight {self.weight:g}")

    def about(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "rate": self.rate,
            "weight": self.weight,
            "epoch": self.course.epoch,
            "criteria": self.criteria,
            "shares": self.shares,
            "collapsed": self.collapsed,
        }


def search(settings: Adaptation, source: Sample, unlabelled: Array, train: Train) -> Trained | Failed:
    """Train with each rate and weight and keep the model that the settings' criterion chooses.

    Args:
        settings: Rates, weights if it has any, and ``choice``.
        source: Labelled sample; its validation part serves the criteria.
        unlabelled: Target inputs, (u, ...).
        train: (rate, weight) -> model and course, or `DivergedError`.

    Returns:
        Its variants are all candidates, the chosen one included; its notes hold their criteria, which one each
        criterion chooses, and whether the model has collapsed.
    """
    weights: Sequence[float | None] = getattr(settings, "weights", [None])
    found: list[Candidate] = []
    reasons: list[str] = []
    for rate in settings.rates:
        for weight in weights:
            try:
                model, course = train(rate, weight or 0.0)
                found.append(judged(model, course, rate, weight, source, unlabelled))
            except DivergedError as error:
                reasons.append(str(error))
    if not found:
        return Failed("; ".join(reasons))
    chosen = {name: max(found, key=lambda one: one.criteria[name]) for name in choice.CRITERIA}
    own = chosen[settings.choice]
    return Trained(
        own.model,
        own.course,
        own.rate,
        trainings=len(settings.rates) * len(weights),
        moved=int(own.model.count_params()),
        variants={one.name: one.model for one in found},
        notes={
            "choice": settings.choice,
            "chosen": {name: one.name for name, one in chosen.items()},
            "candidates": {one.name: one.about() for one in found},
            "collapsed": own.collapsed,
        },
    )


def judged(
    model: keras.Model, course: Course, rate: float, weight: float | None, source: Sample, unlabelled: Array
) -> Candidate:
    """A trained model with all that is known of it.

    Raises:
        DivergedError: If it gives a target sample logits that are not finite.
    """
    logits = predict(model, unlabelled)
    source_logits = predict(model, source.validation.x)
    if not (np.isfinite(logits).all() and np.isfinite(source_logits).all()):
        raise DivergedError(f"logits were not finite (rate {rate:g})")
    classes = len(source.classes)
    predicted = choice.shares(logits.argmax(axis=1), classes)
    return Candidate(
        model,
        course,
        rate,
        weight,
        {name: value(source_logits, source.validation.y, logits) for name, value in choice.CRITERIA.items()},
        predicted.tolist(),
        choice.collapsed(predicted, choice.shares(source.train.y, classes)),
    )
