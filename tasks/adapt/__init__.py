"""Ways to carry a classifier to a domain without labels, by their name in params.yaml.

All are called (source, unlabelled, network, settings, seed).
"""

from collections.abc import Callable

from tasks.adapt import adabn, adda, coral, dann, mmd, self_training, source_only
from tasks.common.outcomes import Failed, Trained

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "source-only": source_only.run,
    "dann": dann.run,  # Ganin et al., 2016
    "mmd": mmd.run,  # Long et al., 2015
    "coral": coral.run,  # Sun & Saenko, 2016
    "adda": adda.run,  # Tzeng et al., 2017
    "self-training": self_training.run,  # Lee, 2013
    "adabn": adabn.run,  # Li et al., 2016
}
CONTROL = "source-only"
"""The floor: the same network on the same source labels, with nothing done about the target."""
