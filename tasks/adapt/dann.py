"""Features from which a second network cannot tell the domains: domain-adversarial training."""

from dataclasses import dataclass
from typing import Any

from tasks.adapt import domain, joint
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Dann
from tasks.common.schema.study import Network


def schedule(progress: Any, steepness: float) -> Any:
    """λ of the part ``progress`` (0..1) of a training: ``2 / (1 + exp(-steepness · progress)) - 1``, from 0 towards 1.

    Source: "Domain-Adversarial Training of Neural Networks", arXiv:1505.07818, section 5.2.2, where steepness is 10.
    """
    return 2 / (1 + tf.exp(-steepness * progress)) - 1


@tf.custom_gradient  # type: ignore[untyped-decorator]
def reverse(x: Any, strength: Any) -> Any:
    """``x`` as it is; its gradient times ``-strength``. Source: arXiv:1505.07818, section 4.2, eqs. 15 and 16."""

    def slopes(upstream: Any) -> tuple[Any, None]:
        return -strength * upstream, None

    return tf.identity(x), slopes


@dataclass(frozen=True)
class Objective:
    """Cross-entropy on the source plus that of telling the domains apart, whose gradient the encoder gets reversed.

    The domain network always learns at full speed; only the encoder's part is scaled, by `schedule` times the
    weight (section 5.2.2). The domains' halves of a batch are equally large, so theirs is the mean of two means.
    """

    steepness: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        source, target = joint.features(model, batch)
        strength = batch["weight"] * schedule(batch["progress"], self.steepness)
        of_source, of_target = (domain.domain_logits(model, reverse(part, strength)) for part in (source, target))
        telling = (domain.loss(of_source, 1.0) + domain.loss(of_target, 0.0)) / 2
        return cross_entropy(joint.logits(model, source), batch["y"]) + telling


def run(source: Sample, unlabelled: Array, network: Network, settings: Dann, seed: int) -> Trained | Failed:
    """A fresh network and a domain network beside it, which is thrown away."""

    def extended(model: keras.Model) -> keras.Model:
        return domain.with_domain(model, network, settings.units, seed)

    objective = Objective(settings.steepness)
    return joint.train(objective, source, unlabelled, network, settings, seed, extended)
