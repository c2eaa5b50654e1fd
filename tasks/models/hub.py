"""Networks whose features come from a SavedModel in the form of TensorFlow Hub, and features of such models alone.

The graph is the architecture and its variables are the weights, as in every other network here: the layer's
configuration, and so model.json, holds the graph and its vocabularies, a weights file the values. So a saved network
is whole by itself, and no stage that loads one needs the SavedModel; only `build` does, from data/raw/<model>.npz.
Considered and left: a name in the configuration, which would make every later stage depend on data/raw; the files as
a weight of the layer, whose graph Keras would need before it has the weights.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tasks.common import hub_module, saved_model, seeds, texts
from tasks.common.artifacts import Arrays, read_npz
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.hub_module import Module, opened
from tasks.common.schema.study import Hub as Spec
from tasks.models import graph_cost, surgery
from tasks.models.dense import HEAD, linear

RAW, NAME, BATCH = Path("data/raw"), "hub", 64
Array = np.ndarray[Any, Any]


class Hub(keras.layers.Layer):  # type: ignore[misc]
    """A module as a layer: (batch, ...) -> features (batch, width).

    Its variables are weights of the layer, zero until they are given. Frozen, or while `trainable` is unset, it is
    called without training behaviour, and nothing in it moves.

    Args:
        files: The graph and its assets in Base64, by their path in the SavedModel's folder.
        frozen: Whether no variable may ever be trained.
        module: What the files hold, where it has been opened already; the layer's own from then on.
    """

    def __init__(
        self, files: Mapping[str, str], *, frozen: bool = True, module: Module | None = None, **settings: Any
    ) -> None:
        super().__init__(**{"dtype": "float32"} | settings)
        self._files, self.frozen = dict(files), frozen
        decoded = {name: np.frombuffer(base64.b64decode(text), np.uint8) for name, text in files.items()}
        self.module = module or opened(decoded, values=False)
        self.values = [
            keras.Variable(
                variable,  # the module's own, not a copy
                shape=variable.shape,
                dtype=variable.dtype.name,
                trainable=not frozen and name in self.module.trainable,
                name=name,
            )
            for name, variable in self.module.named.items()
        ]
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Features (batch, width) of inputs (batch, ...)."""
        return self.module.run(inputs, bool(training) and self.trainable and not self.frozen)

    def shuffle(self, seed: int) -> None:
        """Put each variable's values in an order drawn by lot: they stay as large and as spread, and know nothing."""
        for variable in self.values:
            trained = np.asarray(variable.value)
            rng = seeds.generator(seed, "init", NAME, variable.name)
            variable.assign(rng.permutation(trained.ravel()).reshape(trained.shape))

    def multiply_adds(self) -> int:
        """Of one sample, counted in the graph as `tasks.models.cost` counts them in layers."""
        return graph_cost.multiply_adds(lambda inputs: self.module.run(inputs, False), self.input.shape[1:])

    def get_config(self) -> dict[str, Any]:
        """The graph and its assets, and whether it may be trained."""
        return {**super().get_config(), "files": dict(self._files), "frozen": self.frozen}


def build(spec: Spec, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """A module's features and a linear head on them.

    A SavedModel does not say how its weights began, so a fresh network has each variable's own values in an order
    drawn by lot. `weights` has the trained ones.

    Args:
        spec: Names the data set that holds the module, and whether it may be trained.
        input_shape: Shape of one sample, as the module takes it: for images (side, side, 3), in 0..1.
        outputs: Width of the head: logits of so many classes.
        seed: Decides the order, each variable's from its own name, and the head's initial weights.
        head: Name of the head.

    Raises:
        UserError: If data/raw has no such module, or it does not take such samples, or gives no features.
    """
    files = raw(spec.model)
    try:
        module = opened(files)
        check(module, input_shape)
    except UserError as error:
        raise UserError(f"network.model is '{spec.model}', which {error}") from None
    layer = Hub(architecture(files), frozen=not spec.trainable, module=module, name=NAME)
    layer.shuffle(seed)
    inputs = keras.Input(input_shape, name="inputs")
    return keras.Model(inputs, linear(outputs, head, seed)(layer(inputs)), name="hub")


def fresh(source: keras.Model, outputs: int, seed: int) -> keras.Model:
    """The network that `build` makes, of a source model that has the trained weights: without data/raw."""
    model = surgery.with_new_head(source, outputs, seed)
    for layer in model.layers:
        if isinstance(layer, Hub):
            layer.shuffle(seed)
    return model


def raw(model: str) -> Arrays:
    """The files of the module that the data set ``model`` holds, as `saved_model.packed` gives them.

    Raises:
        UserError: If it is not there.
    """
    path = RAW / f"{model}.npz"
    if not path.is_file():
        raise UserError(
            f"{path} is not there; run `dvc repro weights@{model}`, or own-weights@{model} if it is your own."
        )
    return read_npz(path)


def architecture(files: Mapping[str, Array]) -> dict[str, str]:
    """What a `Hub` layer is made of: graph and assets, in Base64."""
    taken = [name for name in files if name == saved_model.GRAPH or name.startswith(saved_model.ASSETS)]
    return {name: base64.b64encode(files[name].tobytes()).decode("ascii") for name in taken}


def weights(files: Mapping[str, Array]) -> Arrays:
    """The trained values of a module's variables, by ``hub/<variable>``, as `surgery.assign` takes them.

    Raises:
        UserError: If it cannot be opened.
    """
    return {f"{NAME}/{name}": variable.numpy() for name, variable in opened(files).named.items()}


def check(module: Module, input_shape: tuple[int, ...]) -> None:
    """Nothing, if a module takes samples of this shape and gives features.

    Raises:
        UserError: If not.
    """
    wanted = tf.TensorSpec([None, *input_shape], tf.float32)
    fits = [place for place, spec in enumerate(module.takes) if spec.is_compatible_with(wanted)]
    if any(spec.dtype == tf.string for spec in module.takes):
        raise UserError(
            "takes texts, and a network's samples are numbers. Make features of the texts with it once: a data set "
            "of kind embedded."
        )
    if not fits:
        takes = " or ".join(dict.fromkeys(hub_module.spec_text(spec) for spec in module.takes))
        raise UserError(
            f"takes {takes}, and the study's samples are {hub_module.spec_text(wanted)}. Image modules take colour "
            "images with values from 0 to 1: set the data set's side, and data.scaling to unit."
        )
    for output in (module.gives[place] for place in fits):
        if not isinstance(output, tf.TensorSpec) or output.shape.rank != 2 or output.shape[1] is None:
            raise UserError(f"gives no features, (n, width) of one known width: {module.describe()}.")


def features_of(arrays: Mapping[str, Array], data: Arrays, part: Literal["train", "test"]) -> Array:
    """Features (n, width) float32 of a part of a data set in data/raw, of its texts or else its images.

    Raises:
        UserError: If the data set has no texts, or no colour images, and the module takes them.
    """
    module, x = opened(arrays), data[f"{part}_x"]
    if not _takes_texts(module):
        if x.dtype != np.uint8 or x.ndim != 4:
            raise UserError("takes colour images, and the data set has none.")
        return _of_images(module, x.astype(np.float32) / 255)
    if "texts" not in data:
        raise UserError("takes texts, and the data set has none.")
    if x.dtype.names is None:  # token numbers; the texts they were made of lie beside them, the training part's first
        places = np.arange(len(x)) + (len(data["train_x"]) if part == "test" else 0)
    elif x["texts"].shape[1] == 1:
        places = x["texts"][:, 0]
    else:
        raise UserError(f"takes one text of each sample, and the data set has {x['texts'].shape[1]} columns of texts.")
    return _of_texts(module, texts.unpacked(data, places))


def features(arrays: Mapping[str, Array], said: list[str]) -> Array:
    """Features (n, width) float32 that a string encoder makes of n texts.

    Raises:
        UserError: If the arrays hold no module, or one that does not take a list of texts.
    """
    return _of_texts(opened(arrays), said)


def features_of_images(arrays: Mapping[str, Array], x: Array) -> Array:
    """Features (n, width) float32 that an image module makes of images (n, height, width, 3) with values 0..1.

    Raises:
        UserError: If the arrays hold no module, or one that does not take such images, or values lie beyond 0..1.
    """
    return _of_images(opened(arrays), x)


def _takes_texts(module: Module) -> bool:
    return any(spec.dtype == tf.string and spec.shape.rank in (1, None) for spec in module.takes)


def _of_texts(module: Module, said: list[str]) -> Array:
    if not _takes_texts(module):
        raise UserError(f"is no string encoder: {module.describe()}; expected (n,) string.")
    return _in_batches(module, np.array(said, dtype=object))


def _of_images(module: Module, x: Array) -> Array:
    check(module, x.shape[1:])
    if len(x) and not (x.min() >= 0 and x.max() <= 1):
        raise UserError(f"takes images with values from 0 to 1; these go from {x.min():g} to {x.max():g}.")
    return _in_batches(module, x.astype(np.float32))


def _in_batches(module: Module, x: Array) -> Array:
    parts = [module.run(tf.constant(x[start : start + BATCH]), False) for start in range(0, len(x), BATCH)]
    if any(isinstance(part, Mapping) or part.shape.rank != 2 for part in parts):
        raise UserError(f"gives no features, (n, width): {module.describe()}.")
    return np.concatenate([np.asarray(part, np.float32) for part in parts])
