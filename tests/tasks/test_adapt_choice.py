"""Choosing a model without target labels, and saying when one has collapsed."""

import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from tasks.adapt import candidates, choice
from tasks.common.outcomes import Failed
from tasks.common.phases import Course, DivergedError
from tasks.models import dense
from tests.tasks import adapt_toys, toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(7, 3)) * 2
Y = np.array([0, 2, 1, 1, 0, 2, 2])
NOTHING = np.empty((0, 3))


def information(logits: np.ndarray) -> float:
    return choice.information(NOTHING, Y[:0], logits)


def density(logits: np.ndarray) -> float:
    return choice.density(NOTHING, Y[:0], logits)


def probabilities(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_source_validation_is_minus_the_log_loss():
    found = choice.source_validation(LOGITS, Y, NOTHING)
    assert found == pytest.approx(-log_loss(Y, probabilities(LOGITS)), rel=1e-9)


def test_information_is_the_entropy_of_the_mean_less_the_mean_entropy():
    p = probabilities(LOGITS)
    diversity, doubt = -(p.mean(0) * np.log(p.mean(0))).sum(), -(p * np.log(p)).sum(axis=1).mean()
    assert information(LOGITS) == pytest.approx(diversity - doubt, rel=1e-9)


def test_information_is_zero_for_one_class_however_sure_and_log_classes_at_best():
    sure = 1000.0 * np.eye(3)
    assert information(sure[[1] * 6]) == pytest.approx(0, abs=1e-12)  # without diversity it would be the best
    assert information(np.zeros((6, 3))) == pytest.approx(0, abs=1e-12)
    assert information(sure[[0, 1, 2, 0, 1, 2]]) == pytest.approx(np.log(3), rel=1e-9)


def test_density_is_the_mean_entropy_of_the_softened_similarities_to_all_others():
    p = probabilities(LOGITS)
    p = p / np.sqrt((p**2).sum(axis=1, keepdims=True))
    entropies = []
    for i in range(7):
        near = np.exp(np.array([p[i] @ p[j] for j in range(7) if j != i]) / 0.05)
        near /= near.sum()
        entropies.append(-(near * np.log(near)).sum())
    assert density(LOGITS) == pytest.approx(np.mean(entropies), rel=1e-9)


def test_density_counts_the_neighbours_and_takes_a_collapsed_model_for_a_dense_one():
    clusters = 1000.0 * np.eye(3)[[0] * 5 + [1] * 5]
    assert density(clusters) == pytest.approx(np.log(4), rel=1e-6)  # the four others of one's own
    assert density(np.ones((10, 3))) == pytest.approx(np.log(9), rel=1e-9)  # its known weakness


def test_the_similarity_matrix_in_parts_is_the_whole_one(monkeypatch: pytest.MonkeyPatch):
    whole = density(LOGITS)
    monkeypatch.setattr(choice, "ROWS", 3)
    assert density(LOGITS) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("criterion", [information, density])
def test_the_order_of_samples_and_classes_and_a_shift_of_all_logits_change_nothing(criterion):
    order = [3, 0, 6, 1, 5, 2, 4]
    for other in (LOGITS[order], LOGITS[:, [2, 0, 1]], LOGITS + 5):
        assert criterion(other) == pytest.approx(criterion(LOGITS), rel=1e-9)


@pytest.mark.parametrize(
    ("predicted", "expected", "flagged"),
    [
        ([1.0, 0.0], [0.5, 0.5], True),
        ([0.7, 0.3], [0.5, 0.5], False),
        ([0.5, 0.5, 0.0, 0.0], [0.25] * 4, True),
        ([0.4, 0.3, 0.3, 0.0], [0.25] * 4, False),
        ([0.9, 0.1], [0.9, 0.1], False),  # rare classes may be predicted rarely
        ([1.0, 0.0], [0.9, 0.1], True),
    ],
)
def test_a_model_nearer_to_a_constant_than_to_the_expected_shares_has_collapsed(predicted, expected, flagged):
    assert choice.collapsed(np.array(predicted), np.array(expected)) == flagged


def test_the_overlap_is_the_best_accuracy_predictions_with_these_shares_could_have():
    y, predicted = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 1])
    shares = [choice.shares(labels, 3) for labels in (predicted, y)]
    assert choice.overlap(*shares) == pytest.approx(4 / 6)  # two of class 0, two of class 1


def linear(weight: float):
    """Logits are the first three columns, by which the toys' class is known; for weight 1 all samples get class 0."""
    inputs = keras.Input((5,), name="inputs")
    model = keras.Model(inputs, dense.linear(3, "head", 1)(inputs))
    bias = np.array([99.0 * (weight == 1), 0.0, 0.0])
    model.get_layer("head").set_weights([(1 + weight) * np.eye(5, 3), bias])
    return model


def searched(train, **changes: object):
    settings = adapt_toys.settings("coral", rates=[0.1], weights=[0.0, 1.0, 2.0], **changes)
    return candidates.search(settings, toys.sample(), adapt_toys.unlabelled(), train)


def test_every_candidate_is_kept_with_its_criteria_and_the_collapsed_one_is_flagged():
    found = searched(lambda rate, weight: (linear(weight), Course()), choice="density")
    names = [f"rate 0.1, weight {weight}" for weight in (0, 1, 2)]
    assert list(found.variants) == list(found.notes["candidates"]) == names
    flags = [one["collapsed"] for one in found.notes["candidates"].values()]
    assert flags == [False, True, False]
    assert found.notes["candidates"][names[1]]["shares"] == [1, 0, 0]
    assert found.notes["chosen"]["density"] == names[1]
    assert found.notes["collapsed"]
    assert found.model is found.variants[names[1]]
    assert found.notes["chosen"]["information"] != names[1]
    assert found.trainings == 3


def test_the_setting_says_whose_choice_is_the_methods_own():
    for criterion in choice.CRITERIA:
        found = searched(lambda rate, weight: (linear(weight), Course()), choice=criterion)
        best = max(found.notes["candidates"].values(), key=lambda one: one["criteria"][criterion])
        name = found.notes["chosen"][criterion]
        assert found.notes["candidates"][name] == best
        assert found.model is found.variants[name]


def test_candidates_that_diverge_are_left_out_and_if_all_do_the_reasons_remain():
    def train(rate: float, weight: float):
        if weight > 0:
            raise DivergedError(f"weight {weight:g} diverged")
        return linear(weight), Course()

    assert list(searched(train).variants) == ["rate 0.1, weight 0"]

    def broken(rate: float, weight: float):
        model = linear(1)
        model.get_layer("head").set_weights([np.full_like(w, np.inf) for w in model.get_layer("head").get_weights()])
        return model, Course()

    failed = searched(broken)
    assert isinstance(failed, Failed)
    assert failed.reason.count("logits were not finite (rate 0.1)") == 3


def test_no_criterion_of_the_target_looks_at_the_source_and_the_other_not_at_the_target():
    other = RNG.normal(size=(7, 3))
    for name in ("information", "density"):
        assert choice.CRITERIA[name](LOGITS, Y, other) == choice.CRITERIA[name](other, Y[::-1], other)
    assert choice.source_validation(LOGITS, Y, other) == choice.source_validation(LOGITS, Y, LOGITS)
