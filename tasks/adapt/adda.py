"""An encoder of the target's own whose features a second network takes for the source's (ADDA)."""

from dataclasses import dataclass
from typing import Any

from tasks.adapt import candidates, domain, joint
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course, Phase
from tasks.common.samples import Array, Sample
from tasks.common.schema.adapt import Adda
from tasks.common.schema.study import Network
from tasks.common.training import arrays, fit
from tasks.models import surgery


@dataclass(frozen=True)
class Objective:
    """Two losses, each with variables of its own (arXiv:1702.05464, section 4, eq. 9).

    The domain network tells source features, which are given, from those of the target encoder. The encoder is
    trained to have them taken for the source's: the labels are inverted, which leaves a gradient where reversing
    the sign of the loss would not. The batch has source features in ``x`` and no label.
    """

    def losses(self, model: keras.Model, batch: Tensors) -> tuple[Any, Any]:
        """That of the domain network and that of the encoder, in nats."""
        target = surgery.features(model)(batch["target_x"], training=True)
        of_source, of_target = (domain.domain_logits(model, part) for part in (batch["x"], tf.stop_gradient(target)))
        telling = (domain.loss(of_source, 1.0) + domain.loss(of_target, 0.0)) / 2
        return telling, domain.loss(domain.domain_logits(model, target), 1.0)

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return sum(self.losses(model, batch))

    def gradients(self, model: keras.Model, variables: list[Any], batch: Tensors) -> tuple[Any, list[Any]]:
        """Of each variable by the loss that is its own."""
        theirs = {id(variable) for name in domain.LAYERS for variable in model.get_layer(name).variables}
        parts = ([v for v in variables if id(v) in theirs], [v for v in variables if id(v) not in theirs])
        with tf.GradientTape(persistent=True) as tape:
            losses = self.losses(model, batch)
        slopes: dict[int, Any] = {}
        for loss, part in zip(losses, parts, strict=True):
            slopes |= zip(map(id, part), tape.gradient(loss, part), strict=True)
        return sum(losses), [slopes[id(variable)] for variable in variables]


def run(source: Sample, unlabelled: Array, network: Network, settings: Adda, seed: int) -> Trained | Failed:
    """Train on the source, then adapt a copy of the encoder; the classifier stays as it is and serves both.

    ``weight`` is the encoder's rate as a share of the domain network's. It scales the steps and not the loss, which
    Adam would undo; at 0 nothing moves after the source. ``keep`` is for the training on the source: on the source's
    validation part an encoder of the target can only get worse, so the last epoch is kept of what follows.
    """

    def one(rate: float, weight: float) -> tuple[keras.Model, Course]:
        model, course = joint.on_source(source, network, settings, seed, rate, settings.source_epochs)
        return (model, course) if weight == 0 else (model, joint.followed(course, adapt(model, rate, weight)))

    def adapt(model: keras.Model, rate: float, weight: float) -> Course:
        encoder = [layer.name for layer in surgery.hidden_layers(model)]
        moving, shares = frozenset((*encoder, *domain.LAYERS)), tuple((name, weight) for name in encoder)
        given = predict(surgery.features(model), source.train.x)
        return fit(
            domain.with_domain(model, network, settings.units, seed),
            [Phase("adversarial", rate, settings.epochs, moving, shares)],
            train={"x": given},
            validation=arrays(source.validation),
            objective=Objective(),
            optimizer=settings.optimizer,
            batch=settings.batch,
            keep="last",
            seed=seed,
            streams={"target": {"x": unlabelled}},
        )

    return candidates.search(settings, source, unlabelled, one)
