"""Run any transfer method on a toy: settings that suit it, and sources of every kind."""

from collections.abc import Collection
from typing import Any

import keras
import numpy as np

from tasks import models
from tasks.common.outcomes import Trained
from tasks.common.samples import Sample
from tasks.common.schema.base import Nothing
from tasks.common.schema.study import Network
from tasks.common.schema.transfer import TfIdf, Transfer
from tasks.common.stages import Source
from tasks.models import surgery
from tasks.transfer import METHODS
from tests.tasks import toys

SEED = 3
NORMALISED = toys.NETWORK.model_copy(update={"batch_norm": True})
NORMALISED_IMAGES = toys.CONVOLUTIONAL.model_copy(update={"batch_norm": True})
WHOLE = {"epochs": 1, "batch": 30}  # one step on all samples: what a step does can be written down
OWN: dict[str, dict[str, object]] = {
    "fine-tuning": {"head_epochs": 2, "slowdown": 0.5, "layers": "all"},
    "progressive-unfreezing": {"steps": "all", "decay": 0.5, "epochs": 6},
    "discriminative-rates": {"factor": 2.6},
    "lp-ft": {"probe_epochs": 4},
    "l2-sp": {"alpha": 0.1, "beta": 0.01},
    "adapters": {"width": 2},
    "lora": {"rank": 2, "alpha": 4.0},
    "depth-sweep": {"frozen": True},
    "tf-idf": {"strengths": [1.0, 10.0], "pairs": True},
}


def settings_of(method: str, **changes: object) -> Any:
    """Settings of a method, four short epochs, with changes."""
    kind: Any = Transfer.model_fields[method.replace("-", "_")].annotation
    if kind is Nothing:
        return kind()
    usual = {} if kind is TfIdf else toys.TRAINING
    return kind.model_validate({**usual, **OWN.get(method, {}), **changes})


def data_of(network: Network) -> Sample:
    """Images for a convolutional network, word pieces for one of texts, rows for a dense one."""
    makers = {"convolutional": toys.images, "transformer": toys.texts, "embedding": toys.texts}
    return makers.get(network.kind, toys.sample)()


def source_of(network: Network = toys.NETWORK, seed: int = 7) -> Source:
    """A source model in which every weight, and every statistic, has a value of its own."""
    model = models.build(network, data_of(network).train.x.shape[1:], 2, seed)
    rng = np.random.default_rng(seed)
    model.set_weights([w + np.abs(rng.normal(0, 0.1, w.shape)).astype(np.float32) for w in model.get_weights()])
    return Source(model, ("x", "y"))


def headless(source: Source) -> Source:
    """The same source as if it had learnt without labels."""
    body = surgery.features(surgery.copy(source.model))
    return Source(keras.Model(body.input, body.output, name=source.model.name), ())


def transfer(
    method: str,
    *,
    network: Network = toys.NETWORK,
    source: Source | None = None,
    sample: Sample | None = None,
    **changes: object,
) -> Trained:
    """What a method gives on toy data."""
    settings = settings_of(method, **changes)
    result = METHODS[method](sample or data_of(network), source or source_of(network), network, settings, SEED)
    assert isinstance(result, Trained), result
    return result


def changed(before: keras.Model, after: keras.Model, layers: Collection[str] | None = None) -> set[str]:
    """``layer/variable`` of the first model's variables with other bits in the second, in some layers or in all."""
    return {
        f"{layer.name}/{one.name}"
        for layer in before.layers
        if layers is None or layer.name in layers
        for one, other in zip(layer.weights, after.get_layer(layer.name).weights, strict=True)
        if not np.array_equal(one, other)
    }


def start_of(source: Source) -> keras.Model:
    """The source with the new head that every method starts from."""
    return surgery.with_new_head(source.model, 3, SEED)
