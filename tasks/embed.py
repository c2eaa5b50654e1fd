"""Make a data set of another: each sample becomes the features that a frozen network has of it.

In:   data/raw/<of>.npz, the samples; data/raw/<by>.npz, weights that others trained
Out:  data/raw/<dataset>.npz   the same parts, labels and classes, x float32 (n, width)
Run:  dvc repro embed@product-features   about a minute
"""

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from tasks.common import entry, params
from tasks.common.artifacts import Arrays, read_npz, write_npz
from tasks.common.backbones import BACKBONES
from tasks.common.backend import keras
from tasks.common.catalogue import classes_of
from tasks.common.errors import UserError
from tasks.common.given import TEXTS
from tasks.common.objectives import predict
from tasks.common.params import Params
from tasks.common.samples import Array, Scaling
from tasks.common.schema.study import Network
from tasks.models import given, hub

RAW = Path("data/raw")
KEPT = ("train_y", "test_y", "classes", "train_auxiliary", "test_auxiliary", "auxiliary_names")


def network_of(weights: Any) -> tuple[Network, str]:
    """The network that the weights of a data set's block were trained in, and the scaling of its inputs."""
    if weights.of in BACKBONES:
        block, scaling = {"kind": "backbone", "name": weights.of}, BACKBONES[weights.of].scaling
    else:
        block, scaling = dict(TEXTS[weights.of]), "none"
        if weights.of == "glove":
            block |= {"vocabulary": weights.words + 2, "units": [], "activation": "relu", "initializer": "he_normal"}
    return TypeAdapter[Network](Network).validate_python(block), scaling


def encoder(weights: Any, arrays: Arrays, inputs: tuple[int, ...], seed: int) -> tuple[keras.Model, Scaling]:
    """The frozen network, (batch, *inputs) -> features, and what scales its inputs."""
    network, scaling = network_of(weights)
    return given.build(network, inputs, arrays, seed), Scaling.fit(np.empty((0, *inputs), np.uint8), scaling)


def features(settings: Params, of: str, raw: Arrays, by: str) -> dict[str, Array]:
    """Features of the training and the test part of ``of``, whose arrays are ``raw``, (n, width) float32 each."""
    arrays, weights = read_npz(RAW / f"{by}.npz"), settings.datasets[by]
    if weights.kind in ("hub", "own-hub"):
        try:
            return {part: hub.features_of(arrays, raw, part) for part in ("train", "test")}
        except UserError as error:
            raise UserError(f"'{by}' cannot make features of '{of}': it {error}") from None
    model, scaling = encoder(weights, arrays, raw["train_x"].shape[1:], settings.seed)
    return {part: predict(model, scaling(raw[f"{part}_x"])) for part in ("train", "test")}


def main(dataset: str, of: str, by: str) -> None:
    """Write data/raw/DATASET.npz, the data set OF seen by the weights BY."""
    settings, raw = params.load(), read_npz(RAW / f"{of}.npz")
    expected, found = list(classes_of(settings.datasets[dataset])), raw["classes"].tolist()
    if expected != found:
        raise UserError(f"datasets.{dataset}.classes is {expected}; '{of}' has {found}. Write the same.")
    made = {f"{part}_x": values for part, values in features(settings, of, raw, by).items()}
    write_npz(RAW / f"{dataset}.npz", **made, **{name: raw[name] for name in KEPT if name in raw})
    print(f"{dataset}: {len(made['train_x'])} and {len(made['test_x'])} samples of {made['train_x'].shape[1]} features")


if __name__ == "__main__":
    entry.run(main)
