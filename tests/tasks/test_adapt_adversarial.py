"""Adversarial adaptation: `dann` (Ganin et al., 2016) and `adda` (Tzeng et al., 2017)."""

import numpy as np
import pytest
import tensorflow as tf

from tasks.adapt import adda, dann, domain
from tasks.common.objectives import cross_entropy, predict
from tasks.models import dense, surgery
from tests.tasks import adapt_toys, toys
from tests.tasks.adapt_toys import SEED, moved, trained

DATA, X = toys.sample().train, adapt_toys.unlabelled(30)


def built(network=toys.NETWORK):
    """A fresh network with a domain network beside it."""
    return domain.with_domain(dense.build(network, (5,), 3, SEED), network, 4, SEED)


def batch(weight: float, progress: float = 0.3, **changes: object):
    return {"x": DATA.x, "y": DATA.y, "target_x": X, "weight": tf.constant(weight),
            "progress": tf.constant(progress)} | changes  # fmt: skip


def telling(model, source: np.ndarray, target: np.ndarray) -> float:
    """Mean over both halves of -log sigmoid of source logits and -log(1 - sigmoid) of target logits."""
    of_source, of_target = (
        np.asarray(domain.domain_logits(model, tf.constant(rows)), np.float64) for rows in (source, target)
    )
    return float((np.logaddexp(0, -of_source).mean() + np.logaddexp(0, of_target).mean()) / 2)


def features(model) -> list[np.ndarray]:
    return [np.asarray(surgery.features(model)(rows)) for rows in (DATA.x, X)]


def slopes(loss, variables) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        value = loss()
    found = zip(variables, tape.gradient(value, variables), strict=True)
    return [np.zeros(variable.shape) if slope is None else np.asarray(slope) for variable, slope in found]


def test_the_reversal_leaves_values_and_turns_gradients_round():
    x, upstream = tf.Variable([[1.0, -2.0]]), tf.constant([[3.0, 5.0]])
    with tf.GradientTape() as tape:
        out = dann.reverse(x, tf.constant(0.7))
        value = tf.reduce_sum(out * upstream)
    np.testing.assert_array_equal(out, x)
    np.testing.assert_allclose(tape.gradient(value, x), -0.7 * upstream, rtol=1e-6)


@pytest.mark.parametrize("steepness", [1.0, 10.0])
def test_the_schedule_is_the_published_one(steepness: float):
    """From 0; a hyperbolic tangent of half the argument, so about 0.46 after a tenth and all but 1 at the end."""
    progress = np.linspace(0, 1, 11).astype(np.float32)
    found = np.asarray(dann.schedule(tf.constant(progress), steepness))
    np.testing.assert_allclose(found, 2 / (1 + np.exp(-steepness * progress)) - 1, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found, np.tanh(steepness * progress / 2), rtol=1e-5, atol=1e-7)


def test_danns_loss_is_the_tasks_plus_that_of_telling_the_domains():
    model = built()
    scores = np.asarray(model(DATA.x)["head"], np.float64)
    task = (np.logaddexp.reduce(scores, axis=1) - scores[np.arange(30), DATA.y]).mean()
    assert float(dann.Objective(10.0)(model, batch(1.0))) == pytest.approx(
        task + telling(model, *features(model)), rel=1e-5
    )


def test_the_encoder_climbs_the_domain_loss_and_the_domain_network_descends_it_at_full_speed():
    """dL/d(encoder) = task - weight · λ(p) · domain; dL/d(domain network) = domain, whatever weight and p."""
    model, weight, progress = built(), 0.6, 0.25
    encoder = [v for layer in surgery.hidden_layers(model) if layer.name not in domain.LAYERS for v in layer.variables]
    own = [v for name in domain.LAYERS for v in model.get_layer(name).variables]
    body = surgery.features(model)
    found = slopes(lambda: dann.Objective(10.0)(model, batch(weight, progress)), encoder + own)
    task = slopes(lambda: cross_entropy(model(DATA.x)["head"], DATA.y), encoder)

    def plain_domain_loss():
        parts = (domain.domain_logits(model, body(rows)) for rows in (DATA.x, X))
        return sum(domain.loss(part, label) for part, label in zip(parts, (1.0, 0.0), strict=True)) / 2

    apart = slopes(plain_domain_loss, encoder + own)
    strength = weight * np.tanh(10 * progress / 2)
    expected = [t - strength * a for t, a in zip(task, apart, strict=False)] + apart[len(encoder) :]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_at_the_first_step_the_encoder_feels_the_task_alone():
    """λ(0) = 0: one step of dann without batch normalisation is one step of source-only."""
    step = {"network": toys.NETWORK, "batch": 32, "epochs": 1}
    assert toys.same(trained("dann", **step).model, trained("source-only", **step).model)
    longer = step | {"epochs": 2}
    assert not toys.same(trained("dann", **longer).model, trained("source-only", **longer).model)


def test_the_domain_network_is_thrown_away():
    assert [layer.name for layer in trained("dann").model.layers if layer.weights] == [
        layer.name for layer in trained("source-only").model.layers if layer.weights
    ]


def given(model) -> np.ndarray:
    """Features of a source encoder other than the model's."""
    return predict(surgery.features(dense.build(toys.NETWORK, (5,), 3, 8)), DATA.x)


def test_addas_two_losses_by_hand():
    """The domain network's with the true labels; the encoder's with the target's inverted. No class is needed."""
    model = built()
    source, (_, target) = given(model), features(model)
    first, second = adda.Objective().losses(model, {"x": source, "target_x": X})
    assert float(first) == pytest.approx(telling(model, source, target), rel=1e-5)
    logits = np.asarray(domain.domain_logits(model, tf.constant(target)), np.float64)
    assert float(second) == pytest.approx(np.logaddexp(0, -logits).mean(), rel=1e-5)


def test_adda_gives_each_variable_the_gradient_of_its_own_loss():
    model = built()
    names = [layer.name for layer in surgery.hidden_layers(model)]
    variables = [v for name in names for v in model.get_layer(name).variables]
    objective, now = adda.Objective(), {"x": given(model), "target_x": X}
    loss, found = objective.gradients(model, variables, now)
    assert float(loss) == pytest.approx(float(objective(model, now)))
    of_domain = slopes(lambda: objective.losses(model, now)[0], variables)
    of_encoder = slopes(lambda: objective.losses(model, now)[1], variables)
    owner = [name in domain.LAYERS for name in names for _ in model.get_layer(name).variables]
    for slope, theirs, first, second in zip(found, owner, of_domain, of_encoder, strict=True):
        np.testing.assert_allclose(slope, first if theirs else second, rtol=1e-5, atol=1e-8)
        assert theirs or not first.any()  # telling the domains apart is no matter of the encoder


def test_inverted_labels_pull_harder_than_a_reversed_gradient_where_the_domains_are_told_apart():
    """Section 3.2: where the domain network is sure, the reversed gradient vanishes and the inverted one does not."""
    logits = tf.Variable([[-12.0]])  # surely target
    inverted = slopes(lambda: domain.loss(logits, 1.0), [logits])[0]
    reversed_ = -slopes(lambda: domain.loss(logits, 0.0), [logits])[0]
    assert inverted < -0.99
    assert -1e-4 < reversed_ < 0


def test_adda_leaves_the_classifier_and_moves_the_targets_encoder():
    start = trained("source-only").model
    end = trained("adda").model
    expected = {name: name != "head" for name in moved(start, end)}
    assert moved(start, end) == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_addas_weight_is_the_share_of_the_rate_that_the_encoder_moves_with(optimizer: str):
    """One step: the encoder goes half as far with half the weight, under Adam too, and the head nowhere."""
    step = {"network": toys.NETWORK, "batch": 32, "epochs": 1, "optimizer": optimizer, "rates": [0.01]}
    start, half, whole = (trained("adda", weights=[w], **step).model for w in (0.0, 0.5, 1.0))
    for one, two, three in zip(start.get_weights(), half.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(two - one, (three - one) / 2, rtol=1e-2, atol=2e-7)
    assert moved(start, whole) == {"hidden-1": True, "hidden-2": True, "head": False}


@pytest.mark.parametrize("method", ["dann", "adda"])
def test_the_domain_networks_weights_hang_on_the_seed_and_not_on_the_network_beside(method: str):
    one, other = built(), built(adapt_toys.NORMALISED)
    for name in domain.LAYERS:
        assert toys.same(one.get_layer(name), other.get_layer(name))
