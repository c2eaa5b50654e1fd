"""Ways to learn several tasks at once, by their name in params.yaml.

All are called (sample, source sample, network, settings, seed).
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.mtl import hard_sharing, single_task

METHODS: dict[str, Callable[..., Trained | Failed]] = {"hard-sharing": hard_sharing.run, "single-task": single_task.run}
CONTROL = "single-task"
USE_SOURCE: tuple[str, ...] = ()
"""Methods that learn the source's task beside the target's."""
