"""Ways to learn several tasks at once, by their name in params.yaml.

All are called (sample, source sample, network, settings, seed).
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.mtl import dwa, equal_weights, gradnorm, hard_sharing, joint, pcgrad, single_task, uncertainty

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "hard-sharing": hard_sharing.run,  # Caruana, 1997
    "equal-weights": equal_weights.run,
    "uncertainty": uncertainty.run,  # Kendall et al., 2018
    "gradnorm": gradnorm.run,  # Chen et al., 2018
    "pcgrad": pcgrad.run,  # Yu et al., 2020
    "dwa": dwa.run,  # Liu et al., 2019
    "joint": joint.run,  # Caruana, 1997
    "single-task": single_task.run,
}
CONTROL = "single-task"
USE_SOURCE: tuple[str, ...] = ("joint",)
"""Methods that learn the source's task beside the target's."""
