"""Image networks of the table `tasks.common.backbones`, rebuilt so that they are like all others here.

Keras makes the network; its configuration is read, and every layer made anew: named after its block, its initial
weights from a seed of its own, without dropout, networks inside it flattened, operators become layers. What it computes
stays the same, and so do its weights, one for one. The momentum of batch normalisation is .9, as everywhere here: with
Keras's .99 a training from scratch on a hundred samples ends before the statistics have come near the data.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.common import seeds
from tasks.common.backbones import BACKBONES, Facts
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.schema.study import Backbone
from tasks.models import image_layers, lite
from tasks.models.dense import HEAD, linear

POOL = "pool"
INPUTS = ""  # stands for what the network is given
LEFT_OUT = ("Dropout", "SpatialDropout2D", "StochasticDepth")
MOMENTUM = 0.9
OURS: Mapping[str, Callable[..., keras.Model]] = {"ours:lite": lite.network}


@dataclass(frozen=True)
class Node:
    """One layer of a network: its name in a fresh process, its class, its settings, and what it is called with.

    ``numbers`` are what an operator such as ``x + 3`` has beside its inputs.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    sources: tuple[str, ...]
    numbers: tuple[float, ...] = ()


def build(spec: Backbone, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """A backbone with fresh weights, the mean of its features over all places, and a head.

    Args:
        spec: Names it.
        input_shape: (height, width) of a grey image, or (height, width, 1 or 3). Grey is taken thrice.
        outputs: Width of the linear output layer: logits of so many classes.
        seed: Decides the initial weights, each layer's from its own name.
        head: Name of the output layer.

    Returns:
        Layers ``block-<k>-<name>``, of which the last of each block gives the block's features (batch, h, w, filters);
        ``pool`` (batch, filters) and the head; (batch, *input_shape) -> (batch, outputs).

    Raises:
        UserError: If the inputs are no images, or smaller than the backbone takes.
    """
    facts = BACKBONES[spec.name]
    height, width = _sides(spec.name, facts, input_shape)
    inputs = keras.Input(input_shape, name="inputs")
    nodes = read(original(facts, (height, width, 3)))
    names, tensors = ours(nodes, facts.ends), {INPUTS: _coloured(inputs, turned=facts.flipped)}
    for node in nodes:
        signals = [tensors[source] for source in node.sources]
        tensors[node.name] = _layer(node, names[node.name], seed)(signals if len(signals) > 1 else signals[0])
    features = keras.layers.GlobalAveragePooling2D(name=POOL)(tensors[facts.ends[-1]])
    return keras.Model(inputs, linear(outputs, head, seed)(features), name=spec.name)


def original(facts: Facts, shape: tuple[int, int, int]) -> keras.Model:
    """The network as its makers have it, with random weights and without its classes."""
    if facts.builder in OURS:
        return OURS[facts.builder](shape)
    make = getattr(keras.applications, facts.builder.removeprefix("keras:"))
    return make(weights=None, include_top=False, input_shape=shape)


def read(model: keras.Model) -> list[Node]:
    """The layers of a network from input to output, flat, without dropout."""
    entries = model.get_config()["layers"]
    fresh = _fresh([entry for outer in entries for entry in _inside(outer)])
    nodes, stands_for = list[Node](), dict[str, str]()
    for entry in entries:
        sources, numbers = list[str](), list[float]()
        _arguments([node["args"] for node in entry["inbound_nodes"]], sources, numbers)
        signals = tuple(stands_for[source] for source in sources) or (INPUTS,)
        for inner in _inside(entry):
            name = fresh[inner["config"]["name"]]
            if inner["class_name"] not in (*LEFT_OUT, "InputLayer"):
                nodes.append(Node(name, inner["class_name"], inner["config"], signals, tuple(numbers)))
                signals = (name,)
        stands_for[entry["config"]["name"]] = signals[0]
    return nodes


def _inside(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The layers of a chain of layers; any other layer is itself."""
    if entry["class_name"] == "Sequential":
        yield from entry["config"]["layers"]
    else:
        yield entry


def _arguments(given: Any, sources: list[str], numbers: list[float]) -> None:
    """Sort what a layer is called with into tensors, by their layers' names, and numbers."""
    if isinstance(given, Mapping):
        sources.append(given["config"]["keras_history"][0])
    elif isinstance(given, list | tuple):
        for part in given:
            _arguments(part, sources, numbers)
    elif given is not None:
        numbers.append(float(given))


def _fresh(entries: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each layer would be called in a fresh process.

    Keras counts layers without a name through the process, so ``conv2d_94`` may be the first of a second network.
    """
    names, counted = dict[str, str](), dict[str, list[tuple[int, str]]]()
    for entry in entries:
        name, prefix = entry["config"]["name"], snake(entry["class_name"])
        match = re.fullmatch(rf"{prefix}(?:_(\d+))?", name)
        names[name] = name
        if match:
            counted.setdefault(prefix, []).append((int(match[1] or 0), name))
    for prefix, found in counted.items():
        for place, (_, name) in enumerate(sorted(found)):
            names[name] = f"{prefix}_{place}" if place else prefix
    return names


def snake(kind: str) -> str:
    """How Keras makes a layer's name of its class's."""
    parted = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub("([a-z])([A-Z])", r"\1_\2", parted).lower()


def ours(nodes: Sequence[Node], ends: Sequence[str]) -> dict[str, str]:
    """The name of every layer here: it belongs to the first block whose end needs it."""
    by_name, names = {node.name: node for node in nodes}, dict[str, str]()
    for block, end in enumerate(ends, start=1):
        waiting = [end]
        while waiting:
            name = waiting.pop()
            if name != INPUTS and name not in names:
                names[name] = f"block-{block}-{name}"
                waiting += by_name[name].sources
    return names


def _sides(name: str, facts: Facts, shape: tuple[int, ...]) -> tuple[int, int]:
    images = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3))
    if not images:
        raise UserError(
            f"backbone {name} takes images (height, width) or (height, width, 1 or 3); the samples have shape {shape}."
        )
    if min(shape[:2]) < facts.smallest:
        raise UserError(
            f"backbone {name} takes images of at least {facts.smallest} × {facts.smallest} pixels; these have "
            f"{shape[0]} × {shape[1]}. Set a larger side on the data set, or take another backbone."
        )
    return shape[0], shape[1]


def _coloured(inputs: Any, *, turned: bool) -> Any:
    """Three channels, in the order that the network wants."""
    height, width, *channels = inputs.shape[1:]
    signal = inputs
    if not channels:
        signal = keras.layers.Reshape((height, width, 1), name="block-1-channels")(signal)
    if channels != [3]:
        return keras.layers.Concatenate(name="block-1-grey")([signal] * 3)
    return image_layers.Turned(name="block-1-turned")(signal) if turned else signal


def _layer(node: Node, name: str, seed: int) -> keras.layers.Layer:
    """A fresh layer that does what ``node`` says."""
    if node.numbers:  # x + 3, x · 1/6
        scale, offset = (1.0, node.numbers[0]) if node.kind == "Add" else (node.numbers[0], 0.0)
        return keras.layers.Rescaling(scale, offset, name=name)
    if node.kind == "Normalization" and node.config["mean"] is None:
        return image_layers.Standardised(name=name)
    config = {key: _seeded(value, seed, name, key) for key, value in node.config.items()} | {"name": name}
    if node.kind == "BatchNormalization":
        config["momentum"] = MOMENTUM
    kind: Any = image_layers.LAYERS.get(node.kind) or getattr(keras.layers, node.kind)
    return kind.from_config(config)


def _seeded(value: Any, seed: int, name: str, key: str) -> Any:
    """An initializer's settings with a seed of its own; anything else as it is."""
    if not key.endswith("_initializer") or "seed" not in value["config"]:
        return value
    return {**value, "config": {**value["config"], "seed": seeds.derive(seed, "init", name, key)}}
