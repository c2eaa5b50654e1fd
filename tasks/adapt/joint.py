"""Train one network on labelled source and unlabelled target samples side by side.

Both halves of a batch go through the network as one, so that batch normalisation has the statistics of both, in
training as afterwards.
"""

from collections.abc import Callable
from typing import Any

from tasks.adapt import candidates
from tasks.common.backend import keras, tf
from tasks.common.objectives import Objective, Tensors, plain
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Adaptation
from tasks.common.schema.study import Network
from tasks.common.scratch import network_for
from tasks.common.training import arrays, fit
from tasks.models import HEAD, surgery


def features(model: keras.Model, batch: Tensors) -> tuple[Any, Any]:
    """Penultimate features of the batch's source and of its target samples, each (b, d), from one pass."""
    body = surgery.features(model)
    both = body(tf.concat([batch["x"], batch["target_x"]], axis=0), training=True)
    source, target = tf.split(both, 2)
    return source, target


def logits(model: keras.Model, features: Any) -> Any:
    """Class logits (b, classes) of penultimate features."""
    return model.get_layer(HEAD)(features)


def train(
    objective: Objective,
    source: Sample,
    unlabelled: Array,
    network: Network,
    settings: Adaptation,
    seed: int,
    extended: Callable[[keras.Model], keras.Model] = lambda model: model,
) -> Trained | Failed:
    """Candidates of an objective that finds the target samples in ``target_x`` and its weight in ``weight``.

    With weight 0 the target samples are left out, statistics included: plain training on the source.

    Args:
        extended: Makes of the network one with further outputs for training; the two share their layers.
    """

    def one(rate: float, weight: float) -> tuple[keras.Model, Course]:
        model = network_for(source, network, seed)
        aligned = weight > 0
        course = fit(
            extended(model) if aligned else model,
            [Phase("all", rate, settings.epochs)],
            train=arrays(source.train),
            validation=arrays(source.validation),
            objective=objective if aligned else plain,
            optimizer=settings.optimizer,
            batch=settings.batch,
            keep=settings.keep,
            seed=seed,
            streams={"target": {"x": unlabelled}} if aligned else None,
            constants={"weight": tf.constant(weight, tf.float32)} if aligned else None,
        )
        return model, course

    return candidates.search(settings, source, unlabelled, one)


def on_source(
    source: Sample, network: Network, settings: Adaptation, seed: int, rate: float, epochs: int
) -> tuple[keras.Model, Course]:
    """A fresh network trained on the source alone: what `source-only` is, and where others start."""
    model = network_for(source, network, seed)
    course = fit(
        model,
        [Phase("source", rate, epochs)],
        train=arrays(source.train),
        validation=arrays(source.validation),
        optimizer=settings.optimizer,
        batch=settings.batch,
        keep=settings.keep,
        seed=seed,
    )
    return model, course


def followed(first: Course, second: Course) -> Course:
    """Two courses of the same model one after the other, of which the second is kept whole."""
    past = len(first.rows)
    rows = first.rows + [row | {"epoch": row["epoch"] + past} for row in second.rows]
    return Course(rows, past + second.epoch, second.validation_loss, second.validation_accuracy)
