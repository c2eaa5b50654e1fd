"""What the methods with a class task and an auxiliary task have in common: the network, the losses, the training.

There are two tasks. The auxiliary quantities of a study are one regression task together, whose loss is the mean of
their squared errors; each is standardised, so that none of them counts for more, and 1 is what the mean would score.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Objective, Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.models import dense, surgery
from tasks.models.dense import HEAD

AUXILIARY, MEMORY = "auxiliary", "memory"
TASKS = 2


class Memory(keras.layers.Layer):  # type: ignore[misc]
    """Figures that training carries along beside the network, such as task weights; it gives them, whatever goes in.

    As a layer they are reset, restored and trained with all other weights. Models are saved without it.
    """

    def __init__(self, size: int, learnt: bool, name: str = MEMORY) -> None:
        super().__init__(name=name)
        self.size, self.learnt = size, learnt

    def build(self, input_shape: Any) -> None:
        self.figures = self.add_weight(name="figures", shape=(self.size,), initializer="zeros", trainable=self.learnt)

    def call(self, inputs: Any) -> Any:
        return tf.convert_to_tensor(self.figures)

    def compute_output_spec(self, inputs: Any) -> Any:
        return keras.KerasTensor((self.size,), dtype="float32")

    def get_config(self) -> dict[str, Any]:
        return {"size": self.size, "learnt": self.learnt, "name": self.name}


def build(sample: Sample, network: Network, seed: int) -> keras.Model:
    """The single-task network with one more head: logits under ``head``, quantities under ``auxiliary``."""
    single = scratch.network_for(sample, network, seed)
    quantities = dense.linear(sample.train.auxiliary.shape[1], AUXILIARY, seed)
    features = surgery.features(single).output
    return keras.Model(single.input, {HEAD: single.output, AUXILIARY: quantities(features)}, name="shared")


def with_memory(model: keras.Model, figures: list[float], learnt: bool) -> keras.Model:
    """The same model, which also gives ``figures`` under ``memory``; ``learnt``: gradients move them."""
    memory = Memory(len(figures), learnt)
    extended = keras.Model(model.input, {**model.output, MEMORY: memory(model.input)}, name=model.name)
    memory.set_weights([np.array(figures, np.float32)])
    return extended


def mean_squared_error(quantities: Any, truth: Any) -> Any:
    """Mean over samples and quantities, (n, a) each, of the squared error, in squared standard deviations."""
    return tf.reduce_mean(tf.math.squared_difference(quantities, truth))


def losses(outputs: Mapping[str, Any], batch: Tensors) -> tuple[Any, Any]:
    """Loss of each task: cross-entropy of the class in nats, and the squared error of the auxiliary quantities."""
    return cross_entropy(outputs[HEAD], batch["y"]), mean_squared_error(outputs[AUXILIARY], batch[AUXILIARY])


def weighted(model: keras.Model, batch: Tensors) -> tuple[Any, tuple[Any, Any], Any]:
    """The losses' sum by the weights that the memory begins with, the losses, and the weights (tasks,).

    No gradient reaches the weights.
    """
    outputs = model(batch["x"], training=True)
    tasks = losses(outputs, batch)
    weights = tf.stop_gradient(outputs[MEMORY][:TASKS])
    return weights[0] * tasks[0] + weights[1] * tasks[1], tasks, weights


def train(
    sample: Sample,
    network: Network,
    settings: Training,
    seed: int,
    objective: Objective,
    *,
    memory: list[float] | None = None,
    learnt: bool = False,
    told: Callable[[list[float]], Mapping[str, Any]] = lambda figures: {},
    phase: Callable[[float], Phase] | None = None,
    constants: Mapping[str, Any] | None = None,
) -> Trained | Failed:
    """Train trunk and both heads; the class's validation loss chooses rate and epoch, as for the control.

    Args:
        memory: Figures to start from, for objectives that carry some; the model handed back has none.
        learnt: Whether gradients move them.
        told: What the figures of the epoch kept mean to a reader, for the notes.
        phase: The training of one rate, if not simply all layers at that rate.
        constants: As in `tasks.common.training.fit`.
    """

    def start() -> keras.Model:
        model = build(sample, network, seed)
        return model if memory is None else with_memory(model, memory, learnt)

    found = search(
        settings,
        sample,
        build=start,
        phases=lambda rate: [phase(rate) if phase else Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=objective,
        constants=constants,
    )
    if isinstance(found, Failed):
        return found
    model = found.model
    notes = notes_of(sample)
    if memory is not None:
        notes |= told(model.get_layer(MEMORY).get_weights()[0].tolist())
        model = _copied(model, build(sample, network, seed))
    return replace(found, model=model, moved=int(model.count_params()), notes=notes)


def notes_of(sample: Sample) -> dict[str, Any]:
    """How the auxiliary quantities were standardised, so that `evaluate` can do the same to the test part's."""
    scaling = sample.auxiliary_scaling
    return {} if scaling is None else {"auxiliary": {"shift": scaling.shift.tolist(), "scale": scaling.scale.tolist()}}


def _copied(model: keras.Model, twin: keras.Model) -> keras.Model:
    """``twin`` with the weights that ``model`` has under the same names."""
    for layer in twin.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    return twin
