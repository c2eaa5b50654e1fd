"""Tables of two domains: what was planted is there, and the gap changes nothing else."""

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from tasks.common.schema.datasets import ShiftedTables
from tasks.datasets import shifted

GAPS = (0.0, 0.25, 0.5, 1.0)
MANY = 20_000


def made(gap: float = 1.0, seed: int = 3, **changed: int) -> dict[str, Any]:
    sizes = {"source_rows": 2000, "target_rows": 600, "test_rows": 1000} | changed
    return shifted.generate(seed, gap, **sizes)


def domains(data: dict[str, Any]) -> tuple[Any, Any, Any]:
    """(x, y) of source, target and test, labels 0..2 in each."""
    of_source = data["train_y"] < 3
    return (
        (data["train_x"][of_source], data["train_y"][of_source]),
        (data["train_x"][~of_source], data["train_y"][~of_source] - 3),
        (data["test_x"], data["test_y"] - 3),
    )


def test_the_arrays_are_those_of_the_contract() -> None:
    data = made(target_rows=300)
    assert {name: (array.shape, array.dtype.str) for name, array in data.items()} == {
        "train_x": ((2300, 20), "<f4"),
        "train_y": ((2300,), "<i8"),
        "test_x": ((1000, 20), "<f4"),
        "test_y": ((1000,), "<i8"),
        "classes": ((6,), "<U8"),
    }
    assert list(data["classes"]) == [f"{side}-{label}" for side in ("source", "target") for label in range(3)]
    assert set(data["train_y"][:2000]) == {0, 1, 2}, "the source's rows come first"
    assert set(data["train_y"][2000:]) == set(data["test_y"]) == {3, 4, 5}


def test_the_settings_are_handed_on() -> None:
    settings = ShiftedTables(kind="shifted-tables", gap=0.5, source_rows=30, target_rows=20, test_rows=10, features=7)
    data, same = shifted.load(settings, 3), shifted.generate(3, 0.5, 30, 20, 10, 7)
    assert all(data[name].tobytes() == same[name].tobytes() for name in same)


def test_one_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    one, same, other = made(), made(), made(seed=4)
    assert all(one[name].tobytes() == same[name].tobytes() for name in one)
    for name in ("train_x", "train_y", "test_x", "test_y"):
        assert one[name].tobytes() != other[name].tobytes()


@pytest.mark.parametrize("gap", GAPS[:-1])
def test_the_gap_changes_the_targets_inputs_and_nothing_else(gap: float) -> None:
    far, near = made(1.0), made(gap)
    for name in ("train_y", "test_y", "classes"):
        np.testing.assert_array_equal(far[name], near[name])
    np.testing.assert_array_equal(far["train_x"][:2000], near["train_x"][:2000])
    assert (far["test_x"] != near["test_x"]).mean() > 0.99


def test_more_rows_of_one_part_change_no_other_part() -> None:
    small, large, longer = made(), made(target_rows=900), made(source_rows=2500)
    for name in ("train_x", "train_y"):
        np.testing.assert_array_equal(small[name][:2000], large[name][:2000])
        np.testing.assert_array_equal(small[name][2000:], longer[name][2500:])
    for name in ("test_x", "test_y"):
        np.testing.assert_array_equal(small[name], large[name])


@pytest.mark.parametrize("gap", GAPS)
def test_the_targets_inputs_are_an_affine_map_that_turns_nothing_round(gap: float) -> None:
    """A symmetric, its eigenvalues 1 and, in four directions, exp(gap / 2); b of length 3 gap in each of those."""
    before, after = made(0.0)["test_x"].astype(float), made(gap)["test_x"].astype(float)
    design = np.column_stack([before, np.ones(len(before))])
    fitted = np.linalg.lstsq(design, after, rcond=None)[0]
    np.testing.assert_allclose(design @ fitted, after, atol=1e-5)
    matrix, offset = fitted[:-1], fitted[-1]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-5)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [1] * 16 + [np.exp(gap / 2)] * 4, atol=1e-5)
    assert np.linalg.norm(offset) == pytest.approx(2 * 3 * gap, abs=1e-5)


def test_what_tells_the_class_is_the_same_in_both_domains() -> None:
    data = made(target_rows=MANY, source_rows=MANY)
    seen = shifted.rotation(3, 20)
    for (x, y), part in zip(domains(data), (shifted.SOURCE, shifted.TARGET, shifted.TEST), strict=True):
        planted = shifted.rows(3, part, len(y), 20)
        np.testing.assert_allclose((x @ seen.T)[:, :2], planted.hidden[:, :2], atol=1e-5)
        turn = np.arctan2(planted.hidden[:, 1], planted.hidden[:, 0]) * 3 / np.pi
        assert (np.round(turn).astype(int) % 3 == planted.clean).mean() > 0.99
        np.testing.assert_array_equal(planted.y, y)


def test_without_a_gap_there_is_one_domain() -> None:
    (source, source_y), (target, target_y), _ = domains(made(0.0, source_rows=MANY, target_rows=MANY))
    np.testing.assert_allclose(source.mean(0), target.mean(0), atol=0.04)
    np.testing.assert_allclose(np.cov(source.T), np.cov(target.T), atol=0.06)
    np.testing.assert_allclose(np.bincount(source_y), np.bincount(target_y), rtol=0.05)


def test_the_source_has_the_same_variance_in_every_direction() -> None:
    planted = shifted.rows(3, shifted.SOURCE, MANY, 20)
    np.testing.assert_allclose(np.cov(planted.hidden.T), np.eye(20), atol=0.04)
    np.testing.assert_allclose(planted.hidden.mean(0), 0, atol=0.03)


def test_the_noise_is_the_share_that_is_stated_and_classes_are_balanced() -> None:
    planted = shifted.rows(3, shifted.SOURCE, MANY, 20)
    assert (planted.y != planted.clean).mean() == pytest.approx(shifted.LABEL_NOISE, abs=0.006)
    np.testing.assert_allclose(np.bincount(planted.y) / MANY, 1 / 3, atol=0.015)


def test_no_single_direction_tells_the_class() -> None:
    planted = shifted.rows(3, shifted.SOURCE, MANY, 20)
    for label in range(3):
        wanted = (planted.y == label) - 1 / 3
        weights = np.linalg.lstsq(planted.hidden, wanted, rcond=None)[0]
        assert np.corrcoef(planted.hidden @ weights, wanted)[0, 1] ** 2 < 0.005


def aligned(x: np.ndarray, target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Inputs with the target's mean and covariance replaced by the source's (linear CORAL, with the mean)."""

    def power(covariance: np.ndarray, exponent: float) -> np.ndarray:
        values, vectors = np.linalg.eigh(covariance)
        return (vectors * values**exponent) @ vectors.T

    return (x - target.mean(0)) @ power(np.cov(target.T), -0.5) @ power(np.cov(source.T), 0.5) + source.mean(0)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # 30 epochs are enough for what is shown
def test_a_network_of_the_source_fails_in_the_target_and_aligned_moments_mend_it() -> None:
    """The planted truth: 10 to 40 points lost at gap 1 and won back, none at gap 0."""
    lost, won = [], []
    for seed in range(3):
        network = MLPClassifier((64, 64), max_iter=30, batch_size=100, learning_rate_init=2e-3, random_state=0)
        (source, source_y), _, near = domains(made(0.0, seed))
        network.fit(source, source_y)
        _, (target, _), (x, y) = domains(made(1.0, seed))
        lost.append(network.score(*near) - network.score(x, y))
        won.append(network.score(aligned(x, target, source), y) - network.score(x, y))
    assert 0.10 < np.mean(lost) < 0.40
    assert np.mean(won) > 0.8 * np.mean(lost)


@pytest.mark.parametrize(("gap", "features"), [(-0.1, 20), (1.1, 20), (1.0, 5), (float("nan"), 20)])
def test_settings_outside_their_range_are_refused(gap: float, features: int) -> None:
    with pytest.raises(ValueError, match=r"gap is|features is"):
        shifted.generate(0, gap, 10, 10, 10, features)


def test_six_features_are_enough() -> None:
    assert shifted.generate(0, 0.5, 10, 10, 10, 6)["train_x"].shape == (20, 6)
