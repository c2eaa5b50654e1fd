"""LEEP, LogME and the H-score against their papers' definitions, their limits and what must change nothing."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from tasks.common.objectives import predict
from tasks.common.stages import Source
from tasks.models import surgery
from tasks.screen import OF_FEATURES, OF_PROBABILITIES, hscore, leep, logme
from tasks.screen.__main__ import scored
from tests.tasks import toys
from tests.tasks.transferring import headless, source_of

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
PROBS = RNG.dirichlet(np.ones(5), 60)
FEATURES = RNG.normal(size=(60, 4)) + np.eye(3, 4)[Y]
ALL = {**OF_PROBABILITIES, **OF_FEATURES}
GIVEN = {"leep": PROBS, "logme": FEATURES, "h-score": FEATURES}


def test_leep_by_its_definition() -> None:
    """Nguyen et al. (2020), section 3: steps 1 to 3, in loops."""
    joint = np.zeros((3, 5))
    for row, label in zip(PROBS, Y, strict=True):
        for z in range(5):
            joint[label, z] += row[z] / len(Y)
    total = 0.0
    for row, label in zip(PROBS, Y, strict=True):
        total += np.log(sum(joint[label, z] / joint[:, z].sum() * row[z] for z in range(5)))
    assert leep.score(PROBS, Y) == pytest.approx(total / len(Y), rel=1e-12)


def test_leep_of_certain_predictions_is_the_negative_conditional_entropy() -> None:
    """With one-hot predictions z(x): LEEP = NCE = -H(y | z) (property 2, which holds with equality then)."""
    z = RNG.integers(0, 4, 60)
    entropy = 0.0
    for value in range(4):
        counts = np.bincount(Y[z == value], minlength=3)
        shares = counts[counts > 0] / counts.sum()
        entropy -= (shares * np.log(shares)).sum() * (z == value).mean()
    assert leep.score(np.eye(4)[z], Y) == pytest.approx(-entropy, abs=1e-12)


def test_leep_of_a_model_that_says_nothing_is_minus_the_entropy_of_the_labels() -> None:
    assert leep.score(np.full((60, 5), 0.2), Y) == pytest.approx(-np.log(3), abs=1e-12)
    assert leep.score(np.eye(3)[Y], Y) == pytest.approx(0, abs=1e-12)
    assert -np.log(3) < leep.score(PROBS, Y) < 0


def test_a_source_class_that_is_never_meant_changes_nothing() -> None:
    padded = np.hstack([PROBS, np.zeros((60, 1))])
    assert leep.score(padded, Y) == pytest.approx(leep.score(PROBS, Y), rel=1e-12)


@pytest.mark.parametrize(("rows", "width"), [(40, 3), (12, 20)])
def test_the_evidence_is_that_of_the_gaussian_it_comes_from(rows: int, width: int) -> None:
    """t ~ N(0, 1/β + F Fᵀ / α), integrated over the weights: wide and narrow features."""
    features, t = RNG.normal(size=(rows, width)), RNG.normal(size=rows)
    basis, singular, _ = np.linalg.svd(features, full_matrices=False)
    projected = basis.T @ t
    rest = float(t @ t - projected @ projected)
    for alpha, beta in ((1.0, 1.0), (0.3, 5.0), (20.0, 0.1)):
        covariance = np.eye(rows) / beta + features @ features.T / alpha
        expected = multivariate_normal(np.zeros(rows), covariance).logpdf(t)
        assert logme.evidence(alpha, beta, singular, projected, rest, rows, width) == pytest.approx(expected, rel=1e-9)


def test_logme_is_the_largest_evidence_there_is() -> None:
    """A general optimiser over log α and log β finds nothing better for any class, nor anything else."""
    basis, singular, _ = np.linalg.svd(FEATURES, full_matrices=False)
    best = []
    for label in range(3):
        t = (label == Y).astype(float)
        projected = basis.T @ t
        rest = float(t @ t - projected @ projected)

        def loss(logs: np.ndarray, projected: np.ndarray = projected, rest: float = rest) -> float:
            return -logme.evidence(*np.exp(logs), singular, projected, rest, 60, 4) / 60

        found = min(
            (minimize(loss, start, method="Nelder-Mead") for start in ([0, 0], [3, -1], [-2, 2])),
            key=lambda one: one.fun,
        )
        best.append(-found.fun)
    assert logme.score(FEATURES, Y) == pytest.approx(np.mean(best), abs=1e-5)


def test_logme_ignores_a_rotation_and_the_unit_of_the_features() -> None:
    """The prior is the same in all directions, and its width is fitted."""
    turned = FEATURES @ np.linalg.qr(RNG.normal(size=(4, 4)))[0] * 100
    assert logme.score(turned, Y) == pytest.approx(logme.score(FEATURES, Y), abs=1e-6)


def test_logme_stays_a_number_where_the_fit_is_perfect_or_hopeless() -> None:
    for features in (np.eye(3)[Y], np.zeros((60, 4)), RNG.normal(size=(60, 200))):
        assert np.isfinite(logme.score(features, Y))


def test_the_h_score_by_its_definition() -> None:
    means = np.stack([FEATURES[label == Y].mean(axis=0) for label in range(3)])
    expected = np.trace(np.linalg.inv(np.cov(FEATURES.T, bias=True)) @ np.cov(means[Y].T, bias=True))
    assert hscore.score(FEATURES, Y) == pytest.approx(expected, rel=1e-9)


def test_the_h_score_ignores_every_invertible_map_and_a_shift() -> None:
    mapped = FEATURES @ RNG.normal(size=(4, 4)) + RNG.normal(size=4)
    assert hscore.score(mapped, Y) == pytest.approx(hscore.score(FEATURES, Y), rel=1e-7)


def test_the_h_score_is_the_sum_of_squared_canonical_correlations() -> None:
    """Between features and one-hot labels: singular values of the whitened cross-covariance."""
    f, t = FEATURES - FEATURES.mean(axis=0), np.eye(3)[Y][:, :2] - np.eye(3)[Y][:, :2].mean(axis=0)
    whitened = np.linalg.qr(f)[0].T @ np.linalg.qr(t)[0]
    assert hscore.score(FEATURES, Y) == pytest.approx((np.linalg.svd(whitened)[1] ** 2).sum(), rel=1e-9)


def test_the_h_score_goes_from_nothing_to_classes_less_one() -> None:
    assert hscore.score(np.eye(3)[Y] + 5, Y) == pytest.approx(2, rel=1e-9)
    assert hscore.score(np.repeat(RNG.normal(size=(20, 2)), 3, axis=0), Y) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_samples_and_the_names_of_classes_do_not_matter(name: str) -> None:
    order = RNG.permutation(60)
    same = ALL[name](GIVEN[name][order], 10 - 3 * Y[order])
    assert same == pytest.approx(ALL[name](GIVEN[name], Y), abs=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_labels_that_follow_score_higher_than_shuffled_ones(name: str) -> None:
    given = np.exp(FEATURES) / np.exp(FEATURES).sum(axis=1, keepdims=True) if name == "leep" else FEATURES
    shuffled = [ALL[name](given, RNG.permutation(Y)) for _ in range(20)]
    assert ALL[name](given, Y) > max(shuffled)


@pytest.mark.parametrize("name", ALL)
def test_what_does_not_fit_is_refused(name: str) -> None:
    good = GIVEN[name]
    for rows, y, message in (
        (good[:-1], Y, "expected"),
        (good, np.zeros(60, int), "expected two"),
        (np.where(good > 0.5, np.nan, good), Y, "NaN or infinity"),
    ):
        with pytest.raises(ValueError, match=message):
            ALL[name](rows, y)
    with pytest.raises(ValueError, match="are no probabilities"):
        leep.score(PROBS * 2, Y)


def test_a_source_is_scored_by_its_features_and_if_it_knows_classes_by_its_probabilities() -> None:
    source, target = source_of(), toys.sample()
    x, y = target.train.x, target.train.y
    logits = predict(source.model, x).astype(float)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = scored(source, target)
    assert found["leep"] == pytest.approx(leep.score(probs, y))
    assert found["logme"] == logme.score(predict(surgery.features(source.model), x), y)
    without = scored(Source(headless(source).model, ()), target)
    assert without == found | {"leep": None}
