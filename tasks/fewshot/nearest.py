"""The floor: the nearest labelled sample in the space of pixels, without any training."""

from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course
from tasks.common.schema.base import Nothing
from tasks.common.schema.fewshot import Task
from tasks.fewshot.episodes import Criterion, Episodes, Scores
from tasks.fewshot.geometry import by_class, flat, squared_distances
from tasks.fewshot.learning import constants
from tasks.fewshot.pools import Base


def logits(support: Any, query: Any) -> Any:
    """Minus the squared Euclidean distance to the nearest support sample of each class.

    Args:
        support: Features (E, N, K, d).
        query: Features (E, M, d).

    Returns:
        (E, M, N).
    """
    distances = by_class(squared_distances(query, flat(support)), support)
    return -tf.reduce_min(distances, axis=-1)


def scores(settings: Nothing) -> Scores:
    """How an episode is told."""
    return logits


def run(base: Base, episodes: Episodes, task: Task, settings: Nothing, seed: int) -> Trained | Failed:
    """A network without weights that gives the pixels, and its accuracy on the validation episodes.

    Vinyals et al. (2016), table 1, have it as "Pixels", by cosine.
    """
    inputs = keras.Input(base.train.x.shape[2:], name="inputs")
    model = keras.Model(inputs, keras.layers.Flatten(name="pixels")(inputs), name="pixels")
    loss, accuracy = Criterion(logits)(model, {"x": base.validation.flat, **constants(episodes)})
    course = Course(validation_loss=float(loss), validation_accuracy=float(accuracy))
    return Trained(model, course, None, 0, 0)
