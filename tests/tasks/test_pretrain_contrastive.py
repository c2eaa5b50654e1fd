"""Contrastive learning, against Chen et al. (2020) and Bahri et al. (2021)."""

import numpy as np
import pytest
import tensorflow as tf

from tasks.common.schema.pretrain import Views
from tasks.pretrain import METHODS, pretext
from tasks.pretrain.contrastive import Contrast, nt_xent, pair
from tests.tasks import toys
from tests.tasks.test_pretrain import VIEWS, settings_of

RNG = np.random.default_rng(0)
LEFT, RIGHT = RNG.normal(size=(2, 5, 4))
NUMBERS = tf.constant([1, 2])
SETTINGS = Views.model_validate(VIEWS)
ROWS = tf.constant(RNG.normal(size=(7, 5)).astype(np.float32))
POOL = (RNG.random(size=(30, 5)) + 10).astype(np.float32)


def loss(left: np.ndarray = LEFT, right: np.ndarray = RIGHT, temperature: float = 0.5) -> float:
    return float(nt_xent(left, right, temperature=temperature)[0])


def by_definition(left: np.ndarray, right: np.ndarray, temperature: float) -> tuple[float, float]:
    """Eq. 1, view by view."""
    z = np.concatenate([left, right])
    count, losses, hits = len(left), [], []
    for i in range(2 * count):
        partner = (i + count) % (2 * count)
        s = np.array([z[i] @ z[k] / np.linalg.norm(z[i]) / np.linalg.norm(z[k]) for k in range(2 * count)])
        others = [k for k in range(2 * count) if k != i]
        losses.append(-np.log(np.exp(s[partner] / temperature) / np.exp(s[others] / temperature).sum()))
        hits.append(partner == max(others, key=lambda k: s[k]))
    return float(np.mean(losses)), float(np.mean(hits))


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_it_is_the_mean_cross_entropy_of_finding_the_partner_among_all_other_views(temperature: float):
    found = nt_xent(LEFT, RIGHT, temperature=temperature)
    assert [float(value) for value in found] == pytest.approx(by_definition(LEFT, RIGHT, temperature), rel=1e-9)
    near = LEFT + 0.1 * RIGHT
    assert float(nt_xent(LEFT, near, temperature=temperature)[1]) == 1


def test_only_directions_count_and_not_which_way_they_are_turned():
    lengths = RNG.uniform(0.1, 9, size=(5, 1))
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert loss(LEFT * lengths) == pytest.approx(loss(), rel=1e-9)
    assert loss(LEFT @ rotation, RIGHT @ rotation) == pytest.approx(loss(), rel=1e-9)


def test_the_order_of_samples_and_of_views_does_not_matter():
    assert loss(RIGHT, LEFT) == pytest.approx(loss(), rel=1e-9)
    assert loss(LEFT[::-1], RIGHT[::-1]) == pytest.approx(loss(), rel=1e-9)
    assert loss(LEFT, RIGHT[::-1]) != pytest.approx(loss(), rel=1e-3)


def test_limits_of_the_loss():
    """All alike, or T → ∞: log(2N - 1). Partners alike and all else orthogonal: known. One sample: nothing to tell."""
    alike = np.ones((5, 4))
    assert loss(alike, alike) == pytest.approx(np.log(9), rel=1e-9)
    assert loss(temperature=1e6) == pytest.approx(np.log(9), abs=1e-5)
    apart = np.eye(5)
    assert loss(apart, apart) == pytest.approx(np.log(1 + 8 / np.exp(2)), rel=1e-9)
    assert loss(LEFT[:1], RIGHT[:1]) == pytest.approx(0, abs=1e-12)


def test_both_views_feel_the_loss():
    variables = [tf.Variable(LEFT), tf.Variable(RIGHT)]
    with tf.GradientTape() as tape:
        value = nt_xent(*variables, temperature=0.5)[0]
    left, right = tape.gradient(value, variables)
    with tf.GradientTape() as tape:
        value = nt_xent(*reversed(variables), temperature=0.5)[0]
    swapped = tape.gradient(value, variables)
    assert np.abs(left).min() > 0
    assert np.abs(right).min() > 0
    np.testing.assert_allclose(swapped[0], left, rtol=1e-9)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="temperature is 0"):
        loss(temperature=0)
    with pytest.raises(ValueError, match=r"shapes \(5, 4\) and \(5, 3\)"):
        loss(right=RIGHT[:, :3])


def test_of_rows_one_view_is_the_row_and_the_other_is_corrupted():
    """SCARF, section 3: a share of the features of one view, from other rows of the training part."""
    plain, corrupted = pair(ROWS, NUMBERS, SETTINGS, POOL)
    assert np.array_equal(plain, ROWS)
    taken = corrupted.numpy() >= 10
    assert np.array_equal(taken.sum(axis=1), [2] * 7)
    assert np.array_equal(corrupted.numpy()[~taken], ROWS.numpy()[~taken])


def test_of_images_both_views_are_changed_each_in_its_own_way():
    images = tf.constant(toys.images().train.x)
    left, right = pair(images, NUMBERS, SETTINGS, None)
    for one, other in ((left, images), (right, images), (left, right)):
        assert all(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    still = Views.model_validate({"corruption": 0.0, "crop": 1.0, "shift": 0, "flip": False, "noise": 0.0})
    assert all(np.array_equal(view, images) for view in pair(images, NUMBERS, still, None))


def test_the_batch_holds_both_views_and_its_loss_is_that_of_their_projections():
    seen = []
    task = Contrast(0.5, SETTINGS, 4)
    value = task(lambda x, training: seen.append(x) or x, {"x": ROWS, "seed": NUMBERS, "pool": POOL})
    plain, corrupted = pair(ROWS, NUMBERS, SETTINGS, POOL)
    assert len(seen) == 1
    assert np.array_equal(seen[0], np.concatenate([plain, corrupted]))
    assert float(value) == pytest.approx(by_definition(plain.numpy(), corrupted.numpy(), 0.5)[0], rel=1e-4)


def test_a_validation_part_is_judged_in_blocks_as_large_as_a_batch():
    """Fewer negatives make the loss smaller, so 7 rows at once would not tell how training fares with 4."""
    batch = {"x": ROWS, "pool": POOL}
    value, figure = pretext.HeldOut(Contrast(0.5, SETTINGS, 4))(lambda x, training: x, batch)
    parts = []
    for part in (ROWS[:4], ROWS[4:]):
        two = pair(part, tf.constant(pretext.VALIDATION_SEED), SETTINGS, POOL)
        parts.append(len(part) * np.array(by_definition(two[0].numpy(), two[1].numpy(), 0.5)))
    assert [float(value), float(figure)] == pytest.approx(sum(parts) / 7, rel=1e-4)


def test_without_any_difference_between_views_partners_are_always_found():
    settings = settings_of("contrastive", views=VIEWS | {"corruption": 0.0})
    found = METHODS["contrastive"](toys.sample(), toys.NETWORK, settings, 3)
    assert found.course.validation_accuracy > 0.9  # rows whose units are all silent look alike


@pytest.mark.parametrize(
    "change", [{"temperature": 0.2}, {"projection": 8}, {"batch": 16}, {"views": {"corruption": 0.8}}]
)
def test_every_setting_changes_the_result_on_rows(change: dict[str, object]):
    assert changed(toys.sample(), toys.NETWORK, change)


@pytest.mark.parametrize("change", [{"crop": 0.5}, {"shift": 2}, {"flip": True}, {"noise": 0.3}])
def test_every_view_changes_the_result_on_images(change: dict[str, object]):
    assert changed(toys.images(), toys.CONVOLUTIONAL, {"views": change})


def changed(sample, network, change: dict[str, object]) -> bool:
    """Whether a changed setting gives other weights."""
    merged = change | ({"views": VIEWS | change["views"]} if "views" in change else {})
    models = [METHODS["contrastive"](sample, network, settings_of("contrastive", **c), 3).model for c in ({}, merged)]
    return not toys.same(*models)
