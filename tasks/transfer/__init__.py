"""Ways to use a source model, by their name in params.yaml.

All are called (sample, source, network, settings, seed).
"""

from collections.abc import Callable
from typing import Any

from tasks.common.catalogue import WITHOUT_SOURCE
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.base import Section
from tasks.transfer import (
    adapters,
    bitfit,
    depth_sweep,
    discriminative_rates,
    feature_extraction,
    fine_tuning,
    fixed,
    full_fine_tuning,
    l2_sp,
    lora,
    lp_ft,
    progressive_unfreezing,
    scratch,
    tf_idf,
)

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "scratch": scratch.run,
    "scratch-tuned": scratch.run,
    "tf-idf": tf_idf.run,
    "fixed": fixed.run,
    "feature-extraction": feature_extraction.run,
    "fine-tuning": fine_tuning.run,
    "full-fine-tuning": full_fine_tuning.run,
    "progressive-unfreezing": progressive_unfreezing.run,
    "discriminative-rates": discriminative_rates.run,
    "lp-ft": lp_ft.run,
    "l2-sp": l2_sp.run,
    "bitfit": bitfit.run,
    "adapters": adapters.run,
    "lora": lora.run,
    "depth-sweep": depth_sweep.run,
    "augmentation": full_fine_tuning.run,  # the same with changed images,
    "mixup": full_fine_tuning.run,  # and with mixtures of them: by their settings
}
CONTROL = "scratch-tuned"
"""The same network with the same search effort: what a gain by transfer is measured against."""


def about(method: str, settings: Section, source: str) -> dict[str, Any]:
    """What a method's outcome says of how it was trained; ``source`` is the model it could have started from."""
    carries = method not in WITHOUT_SOURCE
    return {
        "family": "transfer",
        "settings": settings.model_dump(exclude_defaults=True),  # what is off is not said
        "control": CONTROL if carries else None,
        "uses_source": carries,
        "source": source if carries else None,
    }
