"""What the tests of domain adaptation share: a small source, a shifted target, and settings of every method."""

import numpy as np

from tasks.adapt import METHODS
from tasks.common.outcomes import Trained
from tasks.common.params import BLOCKS
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Adaptation
from tests.tasks import toys

SEED = 3
NORMALISED = toys.NETWORK.model_copy(update={"batch_norm": True})
CONVOLUTIONAL = toys.CONVOLUTIONAL.model_copy(update={"batch_norm": True})
OWN: dict[str, dict[str, object]] = {
    "source-only": {},
    "dann": {"weights": [1.0], "steepness": 10.0, "units": 4},
    "mmd": {"weights": [1.0], "kernels": 5},
    "coral": {"weights": [10.0]},
    "adda": {"weights": [0.5], "source_epochs": 4, "units": 4},
    "self-training": {"weights": [1.0], "source_epochs": 4, "rounds": 2, "confidence": 0.5},
    "adabn": {"weights": [1.0]},
}


def unlabelled(rows: int = 21, seed: int = 9) -> Array:
    """Target inputs: rows like the source's, stretched and moved."""
    x: Array = toys.part(rows, 3, seed).x * 1.5 + 0.5
    return x


def settings(method: str, **changes: object) -> Adaptation:
    """Settings of four short epochs, with changes."""
    block = BLOCKS["adapt"].model_fields[method.replace("-", "_")].annotation
    own = {"choice": "information"} | OWN[method]
    return block.model_validate(toys.TRAINING | own | changes)  # type: ignore[union-attr,no-any-return]


def trained(method: str, data: Sample | None = None, x: Array | None = None, network=NORMALISED, **changes: object):
    """What a method makes of the toys: 32 source rows, so that no batch is cut short and the loop is traced sooner."""
    given = data or toys.sample(rows=32), unlabelled() if x is None else x
    result = METHODS[method](*given, network, settings(method, **changes), SEED)
    assert isinstance(result, Trained), result
    return result


def moved(one: object, other: object) -> dict[str, bool]:
    """Whether the weights of each layer differ between two models."""
    layers = [layer for layer in one.layers if layer.weights]  # type: ignore[attr-defined]
    pairs = {layer.name: (layer.get_weights(), other.get_layer(layer.name).get_weights()) for layer in layers}  # type: ignore[attr-defined]
    return {
        name: any(not np.array_equal(a, b) for a, b in zip(left, right, strict=True))
        for name, (left, right) in pairs.items()
    }
