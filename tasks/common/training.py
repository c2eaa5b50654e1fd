"""The one way all methods train: who moves, on what, how fast, for how long, and which epoch is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from tasks.common.backend import keras
from tasks.common.loop import Loop
from tasks.common.objectives import Criterion, Objective, classification, plain, predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, DivergedError, Phase, parameters
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Training
from tasks.common.traced import len_of
from tasks.models import surgery
from tasks.models.dense import HEAD

Arrays = Mapping[str, np.ndarray[Any, Any]]

_loops: dict[Any, Loop] = {}
_seen = 0
_MOST_LOOPS = 4  # each holds a copy of a network and its traces


def fit(
    model: keras.Model,
    phases: Sequence[Phase],
    *,
    train: Arrays,
    validation: Arrays,
    objective: Objective = plain,
    criterion: Criterion = classification,
    optimizer: str,
    batch: int,
    keep: Literal["best", "last"],
    seed: int,
    streams: Mapping[str, Arrays] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Course:
    """Train ``model`` in place through the phases, each with an optimizer of its own.

    Args:
        model: Gives logits, or a mapping with logits under ``head``.
        phases: Run one after another.
        train: Arrays of equal length by name. A batch of each reaches the objective.
        validation: What ``criterion`` is given, whole, beside the constants.
        objective: (model, batch) -> scalar loss; see `tasks.common.objectives`.
        criterion: (model, validation) -> loss and accuracy; the loss chooses the epoch.
        optimizer: A name in `tasks.common.loop.OPTIMIZERS`.
        batch: Samples in a step; the last step of an epoch takes what is left.
        keep: ``best`` restores the state with the lowest validation loss, the first of equals, the initial
            one included; ``last`` keeps the last.
        seed: Decides the batch order.
        streams: Further sets of arrays, each with a length and an order of its own; as many rows of each as of
            ``train`` are in a batch, as ``<stream>_<name>``.
        constants: Values every batch holds as they are.

    Raises:
        DivergedError: If a training or validation loss is not finite; the model is left as it was.
    """
    key = (_computation(model), objective, criterion, optimizer, batch)
    if key not in _loops:
        while len(_loops) >= _MOST_LOOPS:
            _loops.pop(next(iter(_loops)))
        _loops[key] = Loop(model, objective, optimizer, batch, criterion)
    global _seen
    _seen += len_of(train) * (1 + len(streams or {})) * sum(phase.epochs for phase in phases)
    course, weights = _loops[key].run(
        model.get_weights(), phases, train, validation, keep, seed, streams or {}, constants or {}
    )
    model.set_weights(weights)
    return course


def samples_seen() -> int:
    """Samples that all trainings of this process went through, each as often as it was shown, streams included."""
    return _seen


def search(
    settings: Training,
    sample: Sample,
    build: Callable[[], keras.Model],
    phases: Callable[[float], Sequence[Phase]],
    seed: int,
    *,
    objective: Objective = plain,
    criterion: Criterion = classification,
    extra: Arrays | None = None,
    streams: Mapping[str, Arrays] | None = None,
    constants: Mapping[str, Any] | None = None,
    moved: int | None = None,
) -> Trained | Failed:
    """Train once for each rate in the settings and keep the model with the lowest validation loss.

    Args:
        settings: Rates, optimizer, batch, and which epoch of each training is kept.
        sample: Training and validation part.
        build: Makes the model to start from, the same for every rate.
        phases: The training of one rate.
        seed: Decides the batch order.
        objective, criterion, streams, constants: As in `fit`.
        extra: More arrays for the objective, row by row beside the training part.
        moved: Parameters that may change; by default those that the phases move.
    """
    ordinary = not extra and not streams and criterion is classification
    if ordinary and _only_head([phase for rate in settings.rates for phase in phases(rate)], objective):
        model = build()
        if surgery.hidden_layers(model):
            return _on_features(settings, sample, model, phases, seed, objective, constants)
    train = {**arrays(sample.train), **(extra or {})}
    best: tuple[float, keras.Model, Course] | None = None
    reasons: list[str] = []
    for rate in settings.rates:
        model = build()
        try:
            course = fit(
                model,
                phases(rate),
                train=train,
                validation=arrays(sample.validation),
                objective=objective,
                criterion=criterion,
                streams=streams,
                constants=constants,
                optimizer=settings.optimizer,
                batch=settings.batch,
                keep=settings.keep,
                seed=seed,
            )
        except DivergedError as error:
            reasons.append(str(error))
            continue
        if best is None or course.validation_loss < best[2].validation_loss:
            best = (rate, model, course)
    if best is None:
        return Failed("; ".join(reasons))
    rate, model, course = best
    count = parameters(model, phases(rate)) if moved is None else moved
    return Trained(model, course, rate, len(settings.rates), count)


def _on_features(
    settings: Training,
    sample: Sample,
    model: keras.Model,
    phases: Callable[[float], Sequence[Phase]],
    seed: int,
    objective: Objective,
    constants: Mapping[str, Any] | None,
) -> Trained | Failed:
    """Train the head alone on features: what frozen layers make of a sample is the same in every epoch."""
    body, alone = surgery.features(model), surgery.head(model)
    seen = replace(sample, train=_featured(body, sample.train), validation=_featured(body, sample.validation))
    found = search(settings, seen, lambda: surgery.copy(alone), phases, seed, objective=objective, constants=constants)
    if isinstance(found, Failed):
        return found
    model.get_layer(HEAD).set_weights(found.model.get_weights())
    return replace(found, model=model)


def _featured(body: keras.Model, part: Part) -> Part:
    return replace(part, x=predict(body, part.x))


def _only_head(phases: Sequence[Phase], objective: Objective) -> bool:
    """Whether only the head moves, and the objective changes no inputs."""
    indifferent = objective is plain or getattr(objective, "on_features", False)
    return indifferent and all(phase.moving == frozenset({HEAD}) for phase in phases if phase.epochs)


def arrays(part: Part) -> dict[str, np.ndarray[Any, Any]]:
    """A part's arrays by the names that batches carry."""
    return {"x": part.x, "y": part.y, "auxiliary": part.auxiliary}


def _computation(model: keras.Model) -> str:
    """What the model computes once its weights are given: its configuration without initial values."""

    def strip(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: strip(value) for key, value in node.items() if not key.endswith("_initializer")}
        return [strip(value) for value in node] if isinstance(node, list | tuple) else node

    return repr((strip(model.get_config()), [weight.shape for weight in model.weights]))
