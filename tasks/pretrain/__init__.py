"""Ways to train the source model, by their name in params.yaml; all are called (sample, network, settings, seed).

Those that learn without labels give a model that ends with its last hidden layer.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.pretrain import (
    autoencoder,
    auxiliary,
    contrastive,
    denoising,
    greedy,
    masked,
    masked_tokens,
    rotation,
    supervised,
)

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "supervised": supervised.run,
    "autoencoder": autoencoder.run,  # Hinton and Salakhutdinov, 2006
    "denoising": denoising.run,  # Vincent et al., 2008
    "greedy": greedy.run,  # Bengio et al., 2006
    "contrastive": contrastive.run,  # Chen et al., 2020; Bahri et al., 2021
    "rotation": rotation.run,  # Gidaris et al., 2018
    "masked": masked.run,  # He et al., 2021; Yoon et al., 2020
    "masked-tokens": masked_tokens.run,  # Devlin et al., 2018
    "auxiliary": auxiliary.run,  # Caruana, 1997
}
LABELS_SOURCE = ("supervised",)
"""Methods whose model has logits of the source's classes."""
