"""Rotation prediction, against Gidaris et al. (2018)."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import log_softmax

from tasks.common.errors import UserError
from tasks.common.objectives import plain
from tasks.models import convolutional
from tasks.pretrain import pretext, rotation
from tests.tasks import toys
from tests.tasks.test_pretrain import settings_of

SEED = 3
IMAGES = toys.images().train.x
MODEL = convolutional.build(toys.CONVOLUTIONAL, (8, 8), 4, SEED)
TASK = rotation.Turn()


def measured(images: np.ndarray, training: bool = False) -> tuple[float, float]:
    loss, hits = TASK.measured(MODEL, {"x": tf.constant(images)}, training)
    return float(loss), float(hits)


def trained(sample=None, network=toys.CONVOLUTIONAL, **changes: object):
    return rotation.run(sample or toys.images(), network, settings_of("rotation", **changes), SEED)


def test_every_image_is_seen_in_all_four_turns_with_its_turn_as_label():
    turned, quarters = rotation.all_turns(tf.constant(IMAGES))
    assert turned.shape == (120, 8, 8)
    for image, quarter, number in zip(turned, quarters, range(120), strict=True):
        assert int(quarter) == number // 30
        assert np.array_equal(image, np.rot90(IMAGES[number % 30], int(quarter)))


def test_the_loss_is_the_mean_cross_entropy_of_the_turn():
    """Section 2, eq. 2 and 3: the mean over images and over the K = 4 turns."""
    losses, hits = [], []
    for quarter in range(4):
        logits = MODEL(np.rot90(IMAGES, quarter, axes=(1, 2))).numpy().astype(np.float64)
        losses.append(-log_softmax(logits, axis=1)[:, quarter])
        hits.append(logits.argmax(axis=1) == quarter)
    assert measured(IMAGES, True) == pytest.approx((np.mean(losses), np.mean(hits)), rel=1e-5)


def test_it_is_supervised_learning_of_turned_images():
    turned = np.concatenate([np.rot90(IMAGES, quarter, axes=(1, 2)) for quarter in range(4)])
    labels = np.repeat(np.arange(4, dtype=np.int32), 30)
    both = []
    for objective, batch in ((TASK, {"x": IMAGES}), (plain, {"x": turned, "y": labels})):
        with tf.GradientTape() as tape:
            loss = objective(MODEL, {name: tf.constant(values) for name, values in batch.items()})
        both.append([loss.numpy(), *(np.asarray(g) for g in tape.gradient(loss, MODEL.trainable_weights))])
    for one, other in zip(*both, strict=True):
        assert np.array_equal(one, other)


def test_images_that_look_the_same_in_all_turns_teach_nothing():
    """The four labels then stand beside one input: no loss is below log 4, and just a quarter is told right."""
    symmetric = sum(np.rot90(IMAGES, quarter, axes=(1, 2)) for quarter in range(4))
    loss, hits = measured(symmetric)
    assert loss >= np.log(4)
    assert hits == pytest.approx(0.25)


def test_a_validation_part_is_judged_whole_however_many_at_a_time(monkeypatch: pytest.MonkeyPatch):
    whole = measured(IMAGES)
    monkeypatch.setattr(rotation, "BLOCK", 8)
    assert measured(IMAGES) == pytest.approx(whole, rel=1e-5)
    assert whole == pytest.approx(measured(IMAGES, True), rel=1e-5)


def test_the_order_of_images_does_not_change_the_loss():
    assert measured(IMAGES[::-1]) == pytest.approx(measured(IMAGES), rel=1e-5)


def test_a_network_that_sees_turns_learns_to_tell_them():
    """Images whose upper rows are bright are told from their turns."""
    data = toys.images()
    for part in (data.train, data.validation):
        part.x[:, :4] += 3
    found = trained(data, epochs=30)
    assert found.course.validation_accuracy > 0.9
    assert found.notes["figure"] == "accuracy of turns"
    assert "head" not in {layer.name for layer in found.model.layers}


@pytest.mark.parametrize("sample", [toys.sample(), toys.images(side=8)])
def test_what_cannot_be_turned_is_refused(sample):
    if sample.train.x.ndim == 3:
        object.__setattr__(sample.train, "x", sample.train.x[:, :, :6])
    with pytest.raises(UserError, match="turns square images"):
        trained(sample, toys.NETWORK)


def test_dense_networks_see_turns_too():
    assert not toys.same(trained(network=toys.NETWORK).model, pretext.body(toys.images(), toys.NETWORK, SEED))


@pytest.mark.parametrize("change", [{"epochs": 5}, {"rates": [0.05]}, {"batch": 4}, {"optimizer": "adam"}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(trained().model, trained(**change).model)
