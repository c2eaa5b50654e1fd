"""The network that is shipped, raw inputs to probabilities, and its file in Keras's format."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from tasks.common.artifacts import replacing
from tasks.common.backend import keras
from tasks.common.samples import Scaling
from tasks.models import surgery


def shipped(model: keras.Model, scaling: Scaling | None, batch: int | None = None) -> keras.Model:
    """A network (batch, ...) float32 -> probabilities (batch, classes), sharing the weights of ``model``.

    Other heads than the classes' are left out. Layers are named here, so that a file's bytes do not tell how many
    models were made before. Where all are Keras's own, it can be read without this project; else with its `LAYERS`.

    Args:
        model: Scaled inputs to logits, or to a mapping that has them under ``head``.
        scaling: Becomes the first layer; None where inputs come scaled.
        batch: A fixed number of samples, as converters to small devices want it.
    """
    inputs = keras.Input(model.input.shape[1:], batch_size=batch, name="inputs")
    signal = inputs
    if scaling is not None:
        signal = keras.layers.Normalization(
            axis=tuple(range(1, len(inputs.shape))),
            mean=scaling.shift,
            variance=np.square(scaling.scale),  # its root is the scale again, to the bit
            name="scaling",
        )(inputs)
    logits = surgery.classifier(model)(signal)
    return keras.Model(inputs, keras.layers.Softmax(name="probabilities")(logits), name="shipped")


def write(target: Path, model: keras.Model) -> None:
    """Write a `.keras` file; `Model.save` would date it, and number objects by their place in memory."""
    with replacing(target) as draft:
        weights = draft.with_name("model.weights.h5")
        model.save_weights(weights)
        members = {
            "metadata.json": json.dumps({"keras_version": keras.__version__}).encode(),
            "config.json": model.to_json().encode(),
            "model.weights.h5": weights.read_bytes(),
        }
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980


def weights_hash(model: keras.Model) -> str:
    """SHA-256 of `Model.get_weights`, array after array: the same for a model and for what is read from its file."""
    found = hashlib.sha256()
    for array in model.get_weights():
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
