"""Weights of backbones out of files that Keras wrote: an HDF5 file, new (`.weights.h5`) or old (`.h5`), or `.keras`.

Nothing in them is ever run: no configuration is read and nothing is unpickled, arrays are taken by their place and
compared in shape. A backbone is found alone, with classes after it, or as a layer inside a larger network.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import h5py  # type: ignore[import-untyped]
import numpy as np

from tasks.common.artifacts import Arrays
from tasks.common.backbones import BACKBONES, Facts
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.models import backbone
from tasks.models.image_layers import DEVIATION

Shape = tuple[int, ...]
MEMBER = "model.weights.h5"
UNUSED = "count"
"""Of samples that a layer's statistics were taken from."""


def from_file(path: Path, name: str) -> Arrays:
    """The weights of a backbone, called ``<layer>/<variable>`` as in the network that `backbone.build` makes.

    Raises:
        UserError: If the file is a pickle, is none that Keras wrote, or has the weights of another network.
    """
    facts = BACKBONES[name]
    places = wanted(backbone.original(facts, (facts.smallest, facts.smallest, 3)), facts)
    with _opened(path) as file:
        old = _attribute(file.get("model_weights", file), "layer_names")
        found = _old(file.get("model_weights", file), old, places) if old else _new(file, places)
        arrays = {place.name: _array(found[place.address]) for place in places if place.name}
    return _as_trained(arrays) if facts.builder.startswith("keras:EfficientNetB") else arrays


class Place(NamedTuple):
    """Where a variable lies in a file, its shape, and what it is called here; empty: it is not needed."""

    address: str
    shape: Shape
    name: str


def wanted(model: keras.Model, facts: Facts) -> list[Place]:
    """The variables of a network in the order of its layers, at their addresses in a new file."""
    nodes = backbone.read(model)
    names = backbone.ours(nodes, facts.ends)
    called = {node.config["name"]: names[node.name] for node in nodes}
    return list(_walk(model.layers, "layers", called))


def _walk(layers: Sequence[keras.layers.Layer], above: str, called: Mapping[str, str]) -> Iterator[Place]:
    """Keras addresses a layer by its class and by how many of the class came before it in the same network."""
    counts: dict[str, int] = {}
    for layer in layers:
        kind = backbone.snake(type(layer).__name__)
        number = counts.get(kind, 0)
        counts[kind] = number + 1
        address = f"{above}/{kind}_{number}" if number else f"{above}/{kind}"
        if isinstance(layer, keras.Sequential):
            yield from _walk(layer.layers, f"{address}/layers", called)
            continue
        for place, variable in enumerate(layer.weights):
            # Keras gives the one weight of this layer no name that stays the same.
            name = "gamma" if kind == "layer_scale" else variable.name
            ours = "" if name == UNUSED else f"{called[layer.name]}/{name}"
            yield Place(f"{address}/vars/{place}", tuple(variable.shape), ours)


def _new(file: h5py.File, places: Sequence[Place]) -> dict[str, h5py.Dataset]:
    """The datasets of the first network in the file, or inside one of it, that has every variable in its shape."""
    groups = [file] if "layers" in file else []
    file.visititems(lambda _, item: groups.append(item) if isinstance(item, h5py.Group) and "layers" in item else None)
    complaint, fewest = "it has no layers", len(places) + 1
    for group in groups:
        found = {place.address: group.get(place.address) for place in places}
        wrong = [place for place in places if _shape(found[place.address]) != place.shape]
        if not wrong:
            _nothing_else(group, found)
            return found
        if len(wrong) < fewest:  # it is the nearest so far
            fewest = len(wrong)
            complaint = _complaint(wrong[0].address, _shape(found[wrong[0].address]), wrong[0].shape)
    raise UserError(f"has the weights of another network: {complaint}.{ADVICE}")


def _nothing_else(group: h5py.Group, known: Mapping[str, Any]) -> None:
    """A larger network may start like a smaller one: beside the backbone only layers for classes may be there."""

    def look(address: str, item: Any) -> None:
        address = f"layers/{address}"
        if isinstance(item, h5py.Dataset) and address not in known and not _of_classes(item.shape):
            raise UserError(f"has the weights of another network: it has {address}, {item.shape}, too.{ADVICE}")

    group["layers"].visititems(look)


def _of_classes(shape: Shape) -> bool:
    """Whether an array can be of a layer that looks at no neighbourhood: dense, 1 × 1, or a factor for each channel."""
    return len(shape) <= 2 or math.prod(shape[:-2]) == 1


def _old(group: h5py.Group, layers: Sequence[str], places: Sequence[Place]) -> dict[str, h5py.Dataset]:
    """The datasets of an old file, which has layers in their order, each with the names of its weights."""
    items = [group[layer][weight] for layer in layers for weight in _attribute(group[layer], "weight_names")]
    for place, item in zip(places, items, strict=False):
        if item.shape != place.shape:
            raise UserError(
                f"has the weights of another network: {_complaint(item.name, item.shape, place.shape)}.{ADVICE}"
            )
    if len(items) < len(places) or not all(_of_classes(item.shape) for item in items[len(places) :]):
        raise UserError(f"has the weights of another network: {len(items)} arrays, expected {len(places)}.{ADVICE}")
    return {place.address: item for place, item in zip(places, items, strict=False)}


ADVICE = " Save the backbone alone: backbone.save_weights('backbone.weights.h5')."


def _complaint(address: str, found: Shape | None, expected: Shape) -> str:
    return f"{address} has shape {found}, expected {expected}" if found else f"it has no {address}, {expected}"


def _shape(item: Any) -> Shape | None:
    return tuple(item.shape) if isinstance(item, h5py.Dataset) else None


def _attribute(group: h5py.Group, name: str) -> list[str]:
    """A list of words, which Keras cuts in pieces ``<name>0``.. where it is too long for one attribute."""
    pieces = [name] if name in group.attrs else takewhile(group.attrs.__contains__, (f"{name}{n}" for n in count()))
    values = [value for piece in pieces for value in group.attrs[piece]]
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _array(item: h5py.Dataset) -> np.ndarray[Any, Any]:
    if item.external:
        raise UserError(f"keeps {item.name} in another file, which is not followed.")
    values = np.asarray(item[()], np.float32)
    if not np.isfinite(values).all():
        raise UserError(f"has NaN or infinity in {item.name}.")
    return values


def _as_trained(arrays: Arrays) -> Arrays:
    """EfficientNet's published weights have deviations where variances belong.

    Keras mends that by dividing by their roots once more, where it loads these weights itself; here the variances are
    put right. Weights that somebody trained from random ones have neither. See tensorflow/tensorflow issue 49930.
    """
    name = next(name for name in arrays if name.endswith("normalization/variance"))
    if np.allclose(arrays[name], DEVIATION, atol=1e-3):
        arrays[name] = arrays[name] * np.array(DEVIATION, np.float32)
    return arrays


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """The HDF5 file, or the one inside a `.keras` file."""
    with path.open("rb") as raw:
        start = raw.read(8)
        if start[:1] == b"\x80":
            raise UserError("is a Python pickle, which can run any code when it is read; it is refused.")
        if start[:2] == b"PK":
            with _member(path) as member, _hdf5(member) as file:
                yield file
        else:
            raw.seek(0)
            with _hdf5(raw) as file:
                yield file


@contextmanager
def _member(path: Path) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(name.endswith(".pkl") for name in names):
                raise UserError("is a PyTorch file, a pickle, which can run any code when it is read; it is refused.")
            if MEMBER not in names:
                raise UserError(f"is a zip file without {MEMBER}; expected a .keras file that Keras 3 saved.")
            with archive.open(MEMBER) as member:
                yield member
    except zipfile.BadZipFile as error:
        raise UserError(f"is damaged: {error}.") from None


@contextmanager
def _hdf5(raw: Any) -> Iterator[h5py.File]:
    try:
        with h5py.File(raw, "r") as file:
            yield file
    except (OSError, RuntimeError, KeyError) as error:
        raise UserError(f"is no HDF5 file that Keras wrote, or is damaged: {error}.") from None
