"""Ways to train the source model, by their name in params.yaml; all are called (sample, network, settings, seed)."""

from tasks.pretrain import supervised

METHODS = {"supervised": supervised.run}
