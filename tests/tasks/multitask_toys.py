"""What the tests of multi-task methods share: settings, training, and losses in plain NumPy."""

import json
from typing import Any

import numpy as np
from scipy.special import log_softmax

from tasks import mtl
from tasks.common import params
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Part, Sample
from tests.tasks import toys

KNOBS: dict[str, dict[str, Any]] = {
    "hard-sharing": {"auxiliary_weight": 0.3},
    "uncertainty": {"initial_log_variance": 0.0, "variance_share": 1.0},
    "gradnorm": {"asymmetry": 1.5, "weight_rate": 0.025},
    "dwa": {"temperature": 2.0},
    "joint": {"source_weight": 1.0},
}
TRAINING = toys.TRAINING | {"epochs": 3}
ONE_STEP = {"batch": 30, "epochs": 1}  # the whole training part

_known: dict[str | None, Trained | Failed] = {}


def trained(method: str, sample: Sample | None = None, source: Sample | None = None, **changes: Any) -> Trained:
    """A method's result on toy data, with its knobs changed; not to be changed itself, as tests share it."""
    given = TRAINING | KNOBS.get(method, {}) | changes
    key = None if sample or source else json.dumps([method, given], sort_keys=True)
    if key not in _known or key is None:
        model = params.BLOCKS["mtl"].model_fields[method.replace("-", "_")].annotation
        settings = model.model_validate(given)  # type: ignore[union-attr]
        other = source or toys.sample(("x", "y"), rows=17, seed=5)
        _known[key] = mtl.METHODS[method](sample or toys.sample(), other, toys.NETWORK, settings, 3)
    found = _known[key]
    assert isinstance(found, Trained)
    return found


def losses(model: Any, part: Part) -> tuple[float, float]:
    """Mean cross-entropy and mean squared error of a model with both heads, in float64."""
    outputs = {name: np.asarray(value, np.float64) for name, value in model(part.x).items()}
    scores = log_softmax(outputs["head"], axis=1)
    error = (outputs["auxiliary"] - part.auxiliary) ** 2
    return -scores[np.arange(len(part)), part.y].mean(), error.mean()


def arrays(part: Part) -> dict[str, np.ndarray]:
    """A batch of all samples."""
    return {"x": part.x, "y": part.y, "auxiliary": part.auxiliary}


def moved(one: Any, other: Any) -> dict[str, bool]:
    """Which layers with weights differ between two models."""
    return {
        layer.name: any(
            not np.array_equal(a, b)
            for a, b in zip(layer.get_weights(), other.get_layer(layer.name).get_weights(), strict=True)
        )
        for layer in one.layers
        if layer.weights
    }
