"""Greedy layer-wise autoencoders: each hidden layer learns to give back what the layer below it says."""

from dataclasses import replace
from typing import Any

from tasks.common.backend import keras
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Part, Sample
from tasks.common.schema.pretrain import Greedy
from tasks.common.schema.study import Network
from tasks.common.training import search
from tasks.models import dense
from tasks.pretrain.pretext import PREDICTED, HeldOut, body, handed_over
from tasks.pretrain.reconstruction import Reconstruct

RESHAPING = (keras.layers.Flatten, keras.layers.Reshape)
"""Layers that belong to the block after them, as they only arrange its input."""


def run(sample: Sample, network: Network, settings: Greedy, seed: int) -> Trained | Failed:
    """From the input upwards, train each hidden layer as the encoder of an autoencoder of its own, then freeze it.

    A layer's decoder is linear (for convolutions: enlarge, then a linear 3 × 3 convolution), its loss the mean
    squared error of the layer's input. Each layer chooses its own rate and epoch, by that loss on the validation
    part, before the next begins. With ``masking`` above 0, that share of a layer's inputs is hidden from it: a
    stacked denoising autoencoder. A network with one hidden layer makes this `autoencoder`, bit for bit.

    The course is that of all layers one after another, with the losses of each in the unit of its own input; rate and
    kept epoch are those of the last layer, ``notes`` has them for each.

    Departs from the paper: real-valued inputs at every layer, hence squared error and no sigmoid; untied weights.

    Source: "Greedy layer-wise training of deep networks", NeurIPS 2006 (Bengio et al.), section 3; stacked denoising:
    JMLR 11 (Vincent et al., 2010), section 3.5.
    """
    bottom, task = body(sample, network, seed), Reconstruct("masking", settings.masking)
    course, notes, trainings, rate = Course(), {}, 0, None
    for name, block in blocks(bottom, network.hidden):
        found = _layer(sample, block, settings, seed, task, name)
        if isinstance(found, Failed):
            return Failed(f"{name}: {found.reason}")
        course = _joined(course, found.course)
        trainings, rate = trainings + found.trainings, found.rate
        notes[name] = {
            "rate": found.rate,
            "epoch": found.course.epoch,
            "validation_loss": found.course.validation_loss,
        }
        for layer in block:
            bottom.get_layer(layer.name).set_weights(found.model.get_layer(layer.name).get_weights())
        encoder = keras.Model(found.model.input, found.model.get_layer(block[-1].name).output)
        sample = replace(sample, train=_seen(encoder, sample.train), validation=_seen(encoder, sample.validation))
    return handed_over(Trained(bottom, course, rate, trainings, 0, notes={"layers": notes}), bottom, task)


def blocks(bottom: keras.Model, hidden: list[str]) -> list[tuple[str, list[keras.layers.Layer]]]:
    """Each hidden layer's name, and what is run for it: reshaping before it, normalisation and pooling after it."""
    found: list[tuple[str, list[keras.layers.Layer]]] = []
    waiting: list[keras.layers.Layer] = []
    for layer in bottom.layers[1:]:
        if isinstance(layer, RESHAPING):
            waiting.append(layer)
        elif layer.name in hidden:
            found.append((layer.name, [*waiting, layer]))
            waiting = []
        else:
            found[-1][1].append(layer)
    return found


def _layer(
    sample: Sample, block: list[keras.layers.Layer], settings: Greedy, seed: int, task: Reconstruct, name: str
) -> Trained | Failed:
    """Train one block as an autoencoder on what it is given, and choose its rate."""
    return search(
        settings,
        sample,
        build=lambda: _autoencoder(sample.train.x.shape[1:], block, seed),
        phases=lambda rate: [Phase(name, rate, settings.epochs)],
        seed=seed,
        objective=task,
        criterion=HeldOut(task),
    )


def _autoencoder(shape: tuple[int, ...], block: list[keras.layers.Layer], seed: int) -> keras.Model:
    """Copies of the block's layers and a fresh linear decoder.

    Each layer's initializer carries the seed of its own name, so the copies start with the bits of the originals.
    """
    inputs = signal = keras.Input(shape, name="inputs")
    entry = inputs
    for layer in block:
        signal = type(layer).from_config(layer.get_config())(signal)
        entry = signal if isinstance(layer, RESHAPING) else entry
    return keras.Model(inputs, _decoded(signal, entry.shape, seed), name="layer")


def _decoded(signal: Any, shape: tuple[int | None, ...], seed: int) -> Any:
    """What a block's input looks like from its output: (batch, features) where the input has ``shape``."""
    if len(signal.shape) == 2:
        return dense.linear(int(shape[-1] or 0), PREDICTED, seed)(signal)
    _, height, width, channels = shape
    signal = keras.layers.Resizing(height, width, interpolation="nearest", name="enlarged")(signal)
    initializer = dense.linear(1, PREDICTED, seed).kernel_initializer
    signal = keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer=initializer, name=PREDICTED)(signal)
    return keras.layers.Flatten(name="pixels")(signal)


def _seen(encoder: keras.Model, part: Part) -> Part:
    return replace(part, x=predict(encoder, part.x))


def _joined(course: Course, added: Course) -> Course:
    """One course after another: epochs go on counting, the figures are those of the last."""
    before = len(course.rows)
    rows = [row | {"epoch": before + row["epoch"]} for row in added.rows]
    return replace(added, rows=course.rows + rows, epoch=before + added.epoch)
