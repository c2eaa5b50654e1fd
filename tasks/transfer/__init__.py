"""Ways to use a source model, by their name in params.yaml.

All are called (sample, source, network, settings, seed).
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.transfer import feature_extraction, fine_tuning, fixed, scratch

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "scratch": scratch.run,
    "scratch-tuned": scratch.run,
    "fixed": fixed.run,
    "feature-extraction": feature_extraction.run,
    "fine-tuning": fine_tuning.run,
}
CONTROL = "scratch-tuned"
"""The same network with the same search effort: what a gain by transfer is measured against."""
