"""What methods that learn without the source's labels share: a body, a task it learns by, the body alone afterwards."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.models import dense, surgery

VALIDATION_SEED = (20, 26)
"""What a validation part is corrupted, masked or viewed with: the same numbers at each epoch and each rate."""

PREDICTED = "predicted"
"""Name of the linear layer that a task adds, and that is thrown away after training."""


class Task(ABC):
    """An objective (see `tasks.common.objectives`) that also tells how well a held-out part fares at it."""

    figure: ClassVar[str] = "variance explained"
    """What stands in place of the accuracy of a classifier."""

    @abstractmethod
    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        """The loss of a batch, and the figure; random numbers come from ``batch["seed"]`` alone."""

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return self.measured(model, batch, training=True)[0]


@dataclass(frozen=True)
class HeldOut:
    """The criterion of a task: its own loss, with the same random numbers whenever it is asked."""

    task: Task

    def __call__(self, model: keras.Model, held_out: Tensors) -> tuple[Any, Any]:
        return self.task.measured(model, {**held_out, "seed": tf.constant(VALIDATION_SEED)}, training=False)


def body(sample: Sample, network: Network, seed: int) -> keras.Model:
    """The study's network without its head, inputs -> (batch, features), with the initial weights all methods share."""
    whole = scratch.network_for(sample, network, seed)
    return keras.Model(whole.input, surgery.features(whole).output, name=whole.name)


def linear(outputs: int, seed: int) -> Callable[[Any], Any]:
    """The simplest top: a fresh linear layer, (batch, width) -> (batch, outputs)."""
    return lambda signal: dense.linear(outputs, PREDICTED, seed)(signal)


def train(
    sample: Sample,
    network: Network,
    settings: Training,
    seed: int,
    task: Task,
    *,
    top: Callable[[Any], Any],
    constants: Mapping[str, Any] | None = None,
) -> Trained | Failed:
    """Train body and ``top`` (features -> what the task asks for) together, and hand over the body.

    The task's own loss on the validation part chooses rate and epoch.
    """

    def build() -> keras.Model:
        bottom = body(sample, network, seed)
        return keras.Model(bottom.input, top(bottom.output), name="pretext")

    found = search(
        settings,
        sample,
        build=build,
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=task,
        criterion=HeldOut(task),
        constants=constants,
    )
    if isinstance(found, Failed):
        return found
    return handed_over(found, body(sample, network, seed), task)


def handed_over(found: Trained, bottom: keras.Model, task: Task) -> Trained:
    """What was trained, with the body alone: ``bottom`` gets the weights of the layers it shares names with."""
    for layer in surgery.hidden_layers(bottom):
        layer.set_weights(found.model.get_layer(layer.name).get_weights())
    return replace(found, model=bottom, moved=int(bottom.count_params()), notes={**found.notes, "figure": task.figure})


def in_blocks(part: Callable[[Any], tuple[Any, Any]], x: Any, size: int) -> tuple[Any, Any]:
    """The mean of ``part``'s two figures over the samples of x, at most ``size`` at a time to keep memory small."""
    count = x.shape[0]
    size = min(size, count)
    whole, rest = divmod(count, size)
    blocks = tf.reshape(x[: whole * size], (whole, size, *x.shape[1:]))
    figures = tf.map_fn(lambda block: tf.stack(part(block)), blocks, parallel_iterations=1)  # (whole, 2)
    total = size * tf.reduce_sum(figures, axis=0)
    if rest:
        total += rest * tf.stack(part(x[whole * size :]))
    loss, figure = tf.unstack(total / count)
    return loss, figure
