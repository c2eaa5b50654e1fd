"""Ways to use a source model, by their name in params.yaml.

All are called (sample, source, network, settings, seed).
"""

from tasks.transfer import feature_extraction, fine_tuning, fixed, scratch

METHODS = {
    "scratch": scratch.run,
    "scratch-tuned": scratch.run,
    "fixed": fixed.run,
    "feature-extraction": feature_extraction.run,
    "fine-tuning": fine_tuning.run,
}
