"""The losses of two towers, against their papers' formulas."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import approx_fprime
from scipy.special import log_softmax

from tasks.crossmodal.contrastive import Loss, info_nce
from tasks.crossmodal.devise import ranking

RNG = np.random.default_rng(0)
IMAGES, ANY = RNG.normal(size=(2, 6, 4))
TEXTS = RNG.normal(size=(3, 4))
Y = np.array([0, 1, 1, 2, 0, 1])


def loss(
    images: np.ndarray = IMAGES, texts: np.ndarray = TEXTS[Y], y: np.ndarray = Y, temperature: float = 0.5
) -> float:
    return float(info_nce(images, texts, y, temperature=temperature))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_definition(images: np.ndarray, texts: np.ndarray, y: np.ndarray, temperature: float) -> float:
    """Both directions, pair by pair, over the images P of one class; less the entropy of an even choice among them."""
    s = unit(images) @ unit(texts).T / temperature
    terms = []
    for i in range(len(y)):
        mates = [k for k in range(len(y)) if y[k] == y[i]]
        row = -np.mean([s[i, k] - np.log(np.exp(s[i]).sum()) for k in mates])
        column = -np.mean([s[k, i] - np.log(np.exp(s[:, i]).sum()) for k in mates])
        terms.append((row + column) / 2 - np.log(len(mates)))
    return float(np.mean(terms))


def clip(images: np.ndarray, texts: np.ndarray, temperature: float) -> float:
    """CLIP, figure 3: labels are the diagonal."""
    s = unit(images) @ unit(texts).T / temperature
    return float(-(np.diag(log_softmax(s, 1)).mean() + np.diag(log_softmax(s, 0)).mean()) / 2)


def slopes(function: Callable[..., object], *tensors: np.ndarray) -> list[np.ndarray]:
    variables = [tf.Variable(tensor) for tensor in tensors]
    with tf.GradientTape() as tape:
        value = function(*variables)
    return [np.asarray(tf.convert_to_tensor(slope)) for slope in tape.gradient(value, variables)]


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("texts", [TEXTS[Y], ANY])
def test_contrastive_is_its_definition(temperature: float, texts: np.ndarray):
    expected = by_definition(IMAGES, texts, Y, temperature)
    assert loss(texts=texts, temperature=temperature) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_contrastive_is_clips_loss_where_no_class_is_there_twice(temperature: float):
    found = loss(texts=ANY, y=np.arange(6), temperature=temperature)
    assert found == pytest.approx(clip(IMAGES, ANY, temperature), rel=1e-9)


def test_of_images_with_one_description_clips_loss_differs_by_a_constant_and_of_others_it_does_not():
    """So several images of one class in a batch do no harm here, whichever way they are counted."""
    constant = np.mean([np.log((y == Y).sum()) for y in Y])
    for images in (IMAGES, ANY):
        assert clip(images, TEXTS[Y], 0.5) - loss(images) == pytest.approx(constant, rel=1e-9)
        assert clip(images, ANY[::-1], 0.5) - loss(images, ANY[::-1]) != pytest.approx(constant, abs=1e-3)


def test_contrastive_limits():
    """T → ∞: log n less the mean log count. One class: only the images' spread counts. Told perfectly: 0."""
    counts = np.array([(y == Y).sum() for y in Y])
    assert loss(temperature=1e7) == pytest.approx(np.log(6) - np.log(counts).mean(), abs=1e-6)
    one = np.zeros(6, int)
    assert loss(np.ones((6, 4)), TEXTS[one], one) == pytest.approx(0, abs=1e-12)
    assert loss(IMAGES, TEXTS[one], one) > 0.01
    assert loss(np.eye(3)[Y], np.eye(3)[Y], temperature=0.01) == pytest.approx(0, abs=1e-12)
    assert loss(IMAGES[:1], TEXTS[Y[:1]], Y[:1]) == pytest.approx(0, abs=1e-12)


def test_contrastive_knows_no_order_no_length_and_no_direction():
    order = RNG.permutation(6)
    assert loss(IMAGES[order], TEXTS[Y[order]], Y[order]) == pytest.approx(loss(), rel=1e-9)
    assert loss(y=np.array([7, 3, 3, 5, 7, 3])) == pytest.approx(loss(), rel=1e-9)
    lengths, turned = RNG.uniform(0.1, 9, size=(6, 1)), np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    assert loss(IMAGES * lengths) == pytest.approx(loss(), rel=1e-9)
    assert loss(IMAGES @ turned, TEXTS[Y] @ turned) == pytest.approx(loss(), rel=1e-9)
    assert loss(IMAGES[order]) != pytest.approx(loss(), rel=1e-3)


def test_contrastive_gradients_are_those_of_the_definition_on_both_sides():
    both = slopes(lambda images, texts: Loss(0.5)(images, texts, Y), IMAGES, TEXTS)
    of_images = approx_fprime(IMAGES.ravel(), lambda x: by_definition(x.reshape(6, 4), TEXTS[Y], Y, 0.5), 1e-7)
    of_texts = approx_fprime(TEXTS.ravel(), lambda x: by_definition(IMAGES, x.reshape(3, 4)[Y], Y, 0.5), 1e-7)
    np.testing.assert_allclose(both[0].ravel(), of_images, atol=1e-5)
    np.testing.assert_allclose(both[1].ravel(), of_texts, atol=1e-5)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="temperature is 0"):
        loss(temperature=0)
    with pytest.raises(ValueError, match=r"shape \(6, 4\) and their texts \(6, 3\)"):
        loss(texts=TEXTS[Y][:, :3])


def hinge(images: np.ndarray, texts: np.ndarray, margin: float) -> float:
    """DeViSE, eq. 1, word by word."""
    total = 0.0
    for image, own in zip(images, Y, strict=True):
        total += sum(
            max(0.0, margin - texts[own] @ image + texts[other] @ image) for other in range(len(texts)) if other != own
        )
    return total / len(images)


@pytest.mark.parametrize("margin", [0.0, 0.1, 1.0])
def test_ranking_is_its_definition_and_so_is_its_gradient(margin: float):
    assert float(ranking(IMAGES, TEXTS, Y, margin=margin)) == pytest.approx(hinge(IMAGES, TEXTS, margin), rel=1e-9)
    (found,) = slopes(lambda images: ranking(images, TEXTS, Y, margin=margin), IMAGES)
    expected = approx_fprime(IMAGES.ravel(), lambda x: hinge(x.reshape(6, 4), TEXTS, margin), 1e-7)
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-5)


def test_ranking_is_0_once_each_description_leads_by_the_margin_and_the_margin_times_wrong_ones_where_all_tie():
    told = np.eye(3)[Y]
    assert float(ranking(told, np.eye(3), Y, margin=1.0)) == 0
    assert float(ranking(told, np.eye(3), Y, margin=1.1)) == pytest.approx(0.2)
    assert float(ranking(np.zeros((6, 3)), np.eye(3), Y, margin=0.3)) == pytest.approx(0.6)
    assert float(ranking(told[:, :1], np.ones((1, 1)), np.zeros(6, int), margin=1.0)) == 0  # one class: nothing to rank
