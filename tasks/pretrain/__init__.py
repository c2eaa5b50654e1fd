"""Ways to train the source model, by their name in params.yaml; all are called (sample, network, settings, seed).

Those that learn without labels give a model that ends with its last hidden layer.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.pretrain import supervised

METHODS: dict[str, Callable[..., Trained | Failed]] = {"supervised": supervised.run}
LABELS_SOURCE = ("supervised",)
"""Methods whose model has logits of the source's classes."""
