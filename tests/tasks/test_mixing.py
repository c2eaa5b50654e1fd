"""What may be done to samples: shifts, noise, mixup, cutmix, class weights."""

import copy
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ruamel.yaml import YAML
from scipy.special import log_softmax
from scipy.stats import beta as beta_law
from scipy.stats import kstest

from tasks.common import mixing, params, scratch
from tasks.common.errors import UserError
from tasks.common.mixing import Mixed
from tasks.common.objectives import plain
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.common.schema.mixing import Mixing
from tasks.transfer import METHODS
from tests.tasks import toys
from tests.tasks.transferring import transfer

RNG = np.random.default_rng(0)
CONTENT = YAML(typ="safe").load((Path(__file__).parents[2] / "params.yaml").read_text())


def seed(number: int = 1) -> Any:
    return tf.constant([7, number], tf.int32)


def identity(x: Any, training: bool) -> Any:
    """A model whose logits are what it was given."""
    assert training
    return x


def entropy(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cross-entropy of each sample."""
    return -log_softmax(np.asarray(logits, np.float64), axis=1)[np.arange(len(y)), y]


def given(n: int = 6, number: int = 1, **more: Any) -> dict[str, Any]:
    """A batch whose n samples are the unit vectors: a mixture shows what it is made of."""
    return {"x": tf.eye(n), "y": tf.constant(RNG.integers(0, n, n), tf.int32), "seed": seed(number), **more}


def test_what_is_off_is_plain_training():
    assert mixing.arguments(Mixing(), toys.sample()) == {"objective": plain, "constants": {}}
    alone = scratch.train(toys.sample(), toys.NETWORK, toys.training(), 3)
    assert toys.same(transfer("scratch").model, alone.model)


def test_mixup_is_the_papers_mixture_of_inputs_and_of_losses():
    """arXiv:1710.09412, section 2: λ xᵢ + (1-λ) xⱼ, and λ ℓ(yᵢ) + (1-λ) ℓ(yⱼ)."""
    shares = []
    for number in range(20):
        seen: list[Any] = []
        batch = given(number=number)
        loss = Mixed(mixup=1.0)(lambda x, training, seen=seen: seen.append(np.asarray(x)) or x, batch)
        mixed, y = seen[0], batch["y"].numpy()
        partner = [int((row - np.eye(6)[i]).argmax()) if row[i] < 1 else i for i, row in enumerate(mixed)]
        share = float(min(row[i] for i, row in enumerate(mixed)))  # the others may be mixed with themselves
        assert sorted(partner) == list(range(6))
        np.testing.assert_allclose(mixed, share * np.eye(6) + (1 - share) * np.eye(6)[partner], atol=1e-6)
        expected = share * entropy(mixed, y) + (1 - share) * entropy(mixed, y[partner])
        assert float(loss) == pytest.approx(expected.mean(), rel=1e-5)
        shares.append(share)
    assert np.std(shares) > 0.1  # another share in each step


@pytest.mark.parametrize("parameter", [0.2, 1.0, 3.0])
def test_shares_are_drawn_from_the_beta_distribution(parameter: float):
    drawn = [float(mixing.beta(parameter, seed(number))) for number in range(400)]
    assert kstest(drawn, beta_law(parameter, parameter).cdf).pvalue > 0.01


def test_shares_at_tiny_parameters_are_numbers():
    drawn = np.array([float(mixing.beta(0.001, seed(number))) for number in range(100)])
    assert np.isfinite(drawn).all()
    assert 20 < (drawn > 0.5).sum() < 80


@pytest.mark.parametrize("shape", [(4, 8, 6), (4, 8, 6, 2)])
def test_cutmix_pastes_a_box_and_says_what_is_left(shape: tuple[int, ...]):
    x, other = tf.zeros(shape), tf.ones(shape)
    for number in range(20):
        share = np.linspace(0, 1, 20)[number]
        mixed, left = mixing.cut(x, other, tf.constant(share, tf.float32), seed(number))
        found = np.asarray(mixed)
        one = found[0] if len(shape) == 3 else found[0, ..., 0]
        assert all(np.array_equal(image, found[0]) for image in found)
        rows, columns = one.any(axis=1), one.any(axis=0)
        assert np.array_equal(one, np.outer(rows, columns))  # a box: every row that is touched, in the same columns
        assert float(left) == pytest.approx(1 - one.mean())
        tall, wide = int(8 * (1 - share) ** 0.5) // 2 * 2, int(6 * (1 - share) ** 0.5) // 2 * 2
        assert rows.sum() <= tall
        assert columns.sum() <= wide


def test_cutmix_weighs_labels_by_the_pixels_that_are_left():
    """arXiv:1905.04899, eq. 1, with a model that gives an image's means over three columns as logits."""
    x, y = toys.images(rows=8).train.x, toys.images(rows=8).train.y
    seen: list[Any] = []

    def model(images: Any, training: bool) -> Any:
        seen.append(np.asarray(images))
        return tf.reduce_mean(images[:, :, :3], axis=1)

    loss = Mixed(cutmix=1.0)(model, {"x": tf.constant(x), "y": tf.constant(y), "seed": seed(4)})
    box = (seen[0] != x).any(axis=0)
    assert 0 < box.mean() < 1
    assert np.array_equal(seen[0][:, ~box], x[:, ~box])
    pasted = (seen[0][:, None, box] == x[None, :, box]).all(axis=2)  # (image, where its box is from)
    assert np.array_equal(pasted.sum(axis=1), np.ones(8))
    partner, share = pasted.argmax(axis=1), 1 - box.mean()
    assert sorted(partner) == list(range(8))
    logits = seen[0][:, :, :3].mean(axis=1)
    expected = share * entropy(logits, y) + (1 - share) * entropy(logits, y[partner])
    assert float(loss) == pytest.approx(expected.mean(), rel=1e-5)


def test_shifts_move_whole_images_and_repeat_their_rim():
    x = RNG.normal(size=(60, 5, 4)).astype(np.float32)
    found = np.asarray(mixing.shifted(tf.constant(x), 2, seed()))
    seen = set()
    for image, moved in zip(x, found, strict=True):
        fits = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-2, 3)
            if np.array_equal(moved, image[np.clip(np.arange(5) - down, 0, 4)][:, np.clip(np.arange(4) - right, 0, 3)])
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert {down for down, _ in seen} == {right for _, right in seen} == {-2, -1, 0, 1, 2}
    assert len(seen) > 15  # of 25: the two directions are drawn apart


def test_noise_has_the_deviation_asked_for():
    seen: list[Any] = []
    batch = {"x": tf.zeros((4000, 3)), "y": tf.zeros(4000, tf.int32), "seed": seed()}
    Mixed(noise=0.3)(lambda x, training: seen.append(np.asarray(x)) or x, batch)
    assert seen[0].std() == pytest.approx(0.3, rel=0.03)
    assert seen[0].mean() == pytest.approx(0, abs=0.01)


def test_a_flip_mirrors_whole_images_left_to_right_half_of_them():
    x = tf.random.stateless_normal((400, 3, 5, 2), seed(4))
    seen: list[Any] = []

    def model(images: Any, training: bool) -> Any:
        seen.append(np.asarray(images))
        return images[:, 0, :, 0]

    Mixed(flip=True)(model, {"x": x, "y": tf.zeros(400, tf.int32), "seed": seed(5)})
    mirrored = (seen[0] == x.numpy()[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (seen[0] == x.numpy()).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 160 < mirrored.sum() < 240


def test_class_weights_give_every_class_the_same_say():
    """n / (C · n_c): each class's weights sum to n / C."""
    y = np.array([0] * 6 + [1] * 3 + [2])
    weights = mixing.class_weights(y, 3)
    np.testing.assert_allclose(weights, [10 / 18, 10 / 9, 10 / 3], rtol=1e-6)
    np.testing.assert_allclose([weights[y][y == label].sum() for label in range(3)], 10 / 3, rtol=1e-6)
    np.testing.assert_array_equal(mixing.class_weights(np.arange(12) % 4, 4), np.ones(4))


def test_each_samples_loss_has_the_weight_of_its_class():
    weights, batch = np.array([0.5, 1, 2, 3, 4, 5], np.float32), given()
    y = batch["y"].numpy()
    loss = Mixed()(identity, batch | {mixing.WEIGHTS: tf.constant(weights)})
    assert float(loss) == pytest.approx((weights[y] * entropy(np.eye(6), y)).mean(), rel=1e-5)
    even = Mixed()(identity, batch | {mixing.WEIGHTS: tf.ones(6)})
    assert float(even) == pytest.approx(float(plain(identity, batch)), rel=1e-6)


def test_draws_hang_on_the_steps_seed_alone():
    for one in (Mixed(noise=0.1), Mixed(mixup=0.4)):
        batch = given()
        assert float(one(identity, batch)) == float(one(identity, batch))
        assert float(one(identity, batch)) != float(one(identity, batch | {"seed": seed(2)}))


CHANGES = [{"noise": 0.3}, {"mixup": 0.4}, {"balanced": True}]


@pytest.mark.parametrize("change", CHANGES)
def test_every_setting_changes_the_result(change: dict[str, object]):
    first = transfer("scratch", **change)
    assert not toys.same(transfer("scratch").model, first.model)
    assert toys.same(first.model, transfer("scratch", **change).model)


@pytest.mark.parametrize("change", [{"shift": 2}, {"flip": True}, {"cutmix": 1.0}])
def test_every_setting_for_images_changes_the_result(change: dict[str, object]):
    usual = transfer("feature-extraction", network=toys.CONVOLUTIONAL)
    first = transfer("feature-extraction", network=toys.CONVOLUTIONAL, **change)
    assert not toys.same(usual.model, first.model)


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("fixed", "tf-idf")])
def test_every_training_of_every_method_heeds_them(method: str, monkeypatch: pytest.MonkeyPatch):
    calls: list[dict[str, Any]] = []

    def search(settings: Any, sample: Any, *, build: Any, **given: Any) -> Trained:
        calls.append(given)
        return Trained(build(), Course(), 0.1, 1, 0)

    module = scratch if method.startswith("scratch") else importlib.import_module(METHODS[method].__module__)
    monkeypatch.setattr(module, "search", search)
    transfer(method, noise=0.5, balanced=True)
    assert len(calls) == {"lp-ft": 2, "depth-sweep": 3}.get(method, 1)
    for call in calls:
        assert getattr(call["objective"], "base", call["objective"]) == Mixed(noise=0.5)
        assert call["constants"][mixing.WEIGHTS].shape == (3,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shift": 1}, "tables: transfer.scratch.shift needs images"),
        ({"cutmix": 1.0}, "tables: transfer.scratch.cutmix needs images"),
        ({"mixup": 1.0, "cutmix": 1.0}, "fashion-sandal: transfer.scratch has mixup and cutmix"),
    ],
)
def test_what_cannot_be_mixed_is_refused_by_the_check(change: dict[str, object], message: str):
    content = copy.deepcopy(CONTENT)
    content["transfer"]["scratch"].update(change)
    with pytest.raises(UserError, match=message):
        params.parse(content)
