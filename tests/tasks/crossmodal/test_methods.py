"""What every method of the table keeps, and what is special to each, on planted classes."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.optimize import minimize

from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Part, Sample
from tasks.common.schema.crossmodal import METHODS as KNOWN
from tasks.common.schema.study import Network
from tasks.crossmodal import METHODS, eszsl, measure, towers
from tasks.crossmodal.seen import Seen
from tests.tasks import toys
from tests.tasks.crossmodal import planted

RNG = np.random.default_rng(0)
DENSE = TypeAdapter[Any](Network).validate_python(planted.NETWORK)
LEARNT = ("eszsl", "devise", "contrastive")
HELD_OUT = ((0, 7), (2, 3), (4, 14))
EVERYONE = np.arange(planted.CLASSES)
RAW = planted.raw()


def seen(held_out: tuple[int, ...] = HELD_OUT[0], order: np.ndarray = EVERYONE) -> Seen:
    """What may be seen of planted classes; ``order`` says whose description each class has."""
    known = np.setdiff1d(EVERYONE, held_out)

    def part(name: str) -> Part:
        rows = np.isin(RAW[f"{name}_y"], known)
        y = np.searchsorted(known, RAW[f"{name}_y"][rows]).astype(np.int32)
        return Part(RAW[f"{name}_x"][rows], y, np.zeros((len(y), 0), np.float32))

    return Seen(Sample(part("train"), part("test"), tuple(RAW["classes"][known])), planted.texts()[order][known])


def run(method: str, given: Seen, network: Any = DENSE, seed: int = 3, **changes: Any) -> Trained:
    found = METHODS[method](given, network, planted.block(method, **changes), seed)
    assert isinstance(found, Trained)
    return found


def accuracy(method: str, held_out: tuple[int, ...], order: np.ndarray = EVERYONE, seed: int = 3) -> float:
    """Zero-shot accuracy in one split."""
    model = run(method, seen(held_out, order), seed=seed).model
    scores = towers.scores(model, RAW["test_x"], planted.texts()[order])
    return float(np.nanmean(measure.hits(scores, RAW["test_y"], np.array(held_out))))


@pytest.mark.parametrize("method", LEARNT)
def test_classes_never_seen_are_told_by_what_their_descriptions_share_with_others(method: str):
    assert np.mean([accuracy(method, held_out) for held_out in HELD_OUT]) > 0.95


@pytest.mark.parametrize("method", LEARNT)
def test_with_shuffled_descriptions_it_is_a_guess(method: str):
    """The mean over 24 permutations; of one it is anything from 0 to 1."""
    rng = np.random.default_rng(7)
    found = [accuracy(method, HELD_OUT[k % 3], rng.permutation(planted.CLASSES)) for k in range(24)]
    assert np.std(found) > 0.1
    assert abs(np.mean(found) - 0.5) < 3 * np.std(found) / np.sqrt(24)


def test_the_floor_is_a_guess():
    found = [accuracy("chance", HELD_OUT[k % 3], seed=k) for k in range(60)]
    assert abs(np.mean(found) - 0.5) < 3 * np.std(found) / np.sqrt(60)
    assert run("chance", seen()).moved == 0


def test_the_table_is_that_of_the_schema():
    assert tuple(METHODS) == KNOWN


@pytest.mark.parametrize("method", METHODS)
def test_two_runs_give_the_same_bits_and_another_seed_others(method: str):
    first, second, other = (run(method, seen(), seed=seed).model for seed in (3, 3, 4))
    assert toys.same(first, second)
    assert toys.same(first, other) == (method == "eszsl")


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("eszsl", {"image_ridge": 0.2}),
        ("eszsl", {"text_ridge": 0.2}),
        ("devise", {"margin": 1.9}),
        ("devise", {"rates": [0.02]}),
        ("contrastive", {"temperature": 0.3}),
        ("contrastive", {"width": 8}),
        ("contrastive", {"batch": 30}),
    ],
)
def test_every_setting_changes_the_result(method: str, change: dict[str, Any]):
    models = [run(method, seen(), **c).model for c in ({}, change)]
    weights = [np.concatenate([w.ravel() for w in model.get_weights()]) for model in models]
    assert weights[0].shape != weights[1].shape or not np.array_equal(*weights)


@pytest.mark.parametrize("method", ["devise", "contrastive"])
def test_images_may_be_pictures_and_a_diverged_training_is_told(method: str):
    network = toys.CONVOLUTIONAL
    images = toys.images()
    given = Seen(images, planted.texts()[:3])
    found = run(method, given, network, epochs=2)
    assert towers.scores(found.model, images.train.x, given.texts).shape == (30, 3)
    block = planted.block(method, rates=[1e30], epochs=3, optimizer="sgd")
    spoilt = Seen(Sample(given.sample.train, given.sample.validation, given.sample.classes), given.texts * np.nan)
    assert isinstance(METHODS[method](spoilt, network, block, 3), Failed)


def test_who_moves():
    """DeViSE: the image network. Contrastive: besides, a layer on the descriptions."""
    narrow = run("devise", seen()).model
    assert [layer.name for layer in narrow.layers if layer.weights] == ["hidden-1", "head"]
    texts = planted.texts()
    met = narrow([RAW["test_x"], texts])["texts"]
    assert np.array_equal(met, texts)
    untrained, trained = (run("contrastive", seen(), epochs=e, keep="last").model for e in (1, 2))
    for layer in ("hidden-1", "head", "texts"):
        pair = [model.get_layer(layer).get_weights()[0] for model in (untrained, trained)]
        assert not np.array_equal(*pair), layer


def test_scores_are_cosines_in_batches():
    model = run("contrastive", seen()).model
    met = model([RAW["test_x"], planted.texts()])
    images, texts = (np.asarray(side) / np.linalg.norm(side, axis=1, keepdims=True) for side in met.values())
    left, right = (images, texts) if len(images) == len(RAW["test_x"]) else (texts, images)
    found = towers.scores(model, RAW["test_x"], planted.texts(), batch=7)
    np.testing.assert_allclose(found, left @ right.T, atol=1e-5)


def test_an_image_without_length_is_at_chance():
    flat = eszsl.linear_towers((10,), np.zeros((10, 4), np.float32))
    scores = towers.scores(flat, RAW["test_x"], planted.texts())
    assert np.array_equal(scores, np.zeros_like(scores))


X, Y, S = RNG.normal(size=(12, 4)), np.repeat([0, 1, 2], 4), RNG.normal(size=(3, 5))


def objective(v: np.ndarray, gamma: float, lam: float) -> float:
    """Romera-Paredes and Torr (2015), eq. 3 with the regulariser of eq. 4, samples in rows."""
    v, signs = v.reshape(4, 5), 2.0 * (Y[:, None] == np.arange(3)) - 1
    fit = np.square(X @ v @ S.T - signs).sum()
    return float(
        fit + gamma * np.square(v @ S.T).sum() + lam * np.square(X @ v).sum() + gamma * lam * np.square(v).sum()
    )


@pytest.mark.parametrize(("gamma", "lam"), [(0.1, 0.1), (3.0, 0.5), (0.5, 10.0)])
def test_the_closed_form_is_where_a_numerical_optimiser_ends(gamma: float, lam: float):
    found = eszsl.solve(X, Y, S, gamma=gamma, lam=lam)
    ended = minimize(objective, np.zeros(20), (gamma, lam), method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9})
    np.testing.assert_allclose(found.ravel(), ended.x, atol=1e-4)
    assert objective(found.ravel(), gamma, lam) <= ended.fun + 1e-9


def test_with_strong_ridges_the_map_is_the_correlation_of_images_and_descriptions():
    signs = 2.0 * (Y[:, None] == np.arange(3)) - 1
    found = eszsl.solve(X, Y, S, gamma=1e6, lam=1e6)
    np.testing.assert_allclose(found * 1e12, X.T @ signs @ S, rtol=1e-3, atol=1e-3)


def test_neither_the_order_of_images_nor_that_of_classes_matters_to_the_map():
    order, classes = RNG.permutation(12), RNG.permutation(3)
    plain = eszsl.solve(X, Y, S, gamma=1.0, lam=1.0)
    np.testing.assert_allclose(eszsl.solve(X[order], Y[order], S, gamma=1.0, lam=1.0), plain, rtol=1e-9)
    np.testing.assert_allclose(eszsl.solve(X, np.argsort(classes)[Y], S[classes], gamma=1.0, lam=1.0), plain, rtol=1e-9)
