"""Ways to carry a classifier to a domain without labels, by their name in params.yaml."""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained

METHODS: dict[str, Callable[..., Trained | Failed]] = {}
