"""Ways to train the source model, by their name in params.yaml; all are called (sample, network, settings, seed)."""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.pretrain import supervised

METHODS: dict[str, Callable[..., Trained | Failed]] = {"supervised": supervised.run}
