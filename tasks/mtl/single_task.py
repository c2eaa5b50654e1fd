"""A network for each task, with the architecture and the effort of the others: the control of multi-task learning."""

from dataclasses import replace
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.models import KINDS
from tasks.models.dense import HEAD
from tasks.mtl.shared import AUXILIARY, mean_squared_error, notes_of


def regression(model: keras.Model, batch: Tensors) -> Any:
    """The auxiliary task alone: mean squared error of its quantities."""
    return mean_squared_error(model(batch["x"], training=True), batch[AUXILIARY])


def held_out_error(model: keras.Model, held_out: Tensors) -> tuple[Any, Any]:
    """The criterion of the auxiliary network; a regression has no accuracy, so 0 stands in its place."""
    return mean_squared_error(model(held_out["x"], training=False), held_out[AUXILIARY]), tf.constant(0.0)


def run(sample: Sample, source: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """The class by cross-entropy as from scratch, the auxiliary quantities by another network, nothing in common.

    Rate and epoch of each network are chosen by its own validation loss. The model handed back holds both; course
    and rate are the class's, the notes have the other's. Without auxiliary quantities it is the class network alone.
    """
    label = scratch.train(sample, network, settings, seed)
    if isinstance(label, Failed) or not sample.train.auxiliary.shape[1]:
        return label
    other = _auxiliary(sample, network, settings, seed)
    if isinstance(other, Failed):
        return Failed(f"the auxiliary network: {other.reason}")
    notes = notes_of(sample) | {"auxiliary_rate": other.rate, "auxiliary_epoch": other.course.epoch}
    return replace(label, model=side_by_side(label.model, other.model), moved=label.moved + other.moved, notes=notes)


def _auxiliary(sample: Sample, network: Network, settings: Training, seed: int) -> Trained | Failed:
    """The same architecture with the initial weights of the class network, up to the head of the quantities."""
    quantities = sample.train.auxiliary.shape[1]
    return search(
        settings,
        sample,
        build=lambda: KINDS[network.kind](network, sample.train.x.shape[1:], quantities, seed, AUXILIARY),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=regression,
        criterion=held_out_error,
    )


def side_by_side(label: keras.Model, auxiliary: keras.Model) -> keras.Model:
    """One model of two that have only the input in common: logits under ``head``, quantities under ``auxiliary``.

    The layers of the class network keep their names, those of the other become ``auxiliary-<name>``.
    """

    def renamed(layer: keras.layers.Layer) -> keras.layers.Layer:
        name = layer.name if layer.name == AUXILIARY else f"{AUXILIARY}-{layer.name}"
        return layer.__class__.from_config({**layer.get_config(), "name": name})

    branch = keras.models.clone_model(auxiliary, input_tensors=label.input, clone_function=renamed)
    branch.set_weights(auxiliary.get_weights())
    return keras.Model(label.input, {HEAD: label.output, AUXILIARY: branch.output}, name="separate")
