"""Δp: what it is, what changes nothing, what the test part contributes, and what evaluate makes of saved models."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tasks.common import outcomes
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed
from tasks.common.samples import Scaling
from tasks.evaluate import multitask
from tasks.evaluate.multitask import Task, delta_p
from tasks.evaluate.predictor import Predictor
from tests.tasks import toys
from tests.tasks.multitask_toys import trained

RNG = np.random.default_rng(0)
HITS, CONTROL_HITS = (RNG.random((2, 3, 40)) < np.array([0.8, 0.7])[:, None, None]).astype(float)
ERRORS, CONTROL_ERRORS = RNG.chisquare(1, (2, 3, 40)) * np.array([0.5, 0.6])[:, None, None]


def both(hits=HITS, control_hits=CONTROL_HITS, errors=ERRORS, control_errors=CONTROL_ERRORS):
    return [Task(hits, control_hits, lower_is_better=False), Task(errors, control_errors, lower_is_better=True)]


def test_it_is_the_mean_relative_gain_in_accuracy_and_loss_of_error():
    gain = (HITS.mean(1) - CONTROL_HITS.mean(1)) / CONTROL_HITS.mean(1)
    saved = (CONTROL_ERRORS.mean(1) - ERRORS.mean(1)) / CONTROL_ERRORS.mean(1)
    np.testing.assert_allclose(delta_p(both())[0], (gain + saved) / 2)


def test_by_hand():
    """Accuracy from 0.5 to 0.75 is +50 %, error from 2 to 3 is -50 % and from 2 to 1 +50 %."""
    right, half = np.array([[1.0, 1, 1, 0]]), np.array([[1.0, 1, 0, 0]])
    three, two, one = (np.full((1, 4), float(value)) for value in (3, 2, 1))
    assert delta_p(both(right, half, three, two))[0] == pytest.approx([0])
    assert delta_p(both(right, half, one, two))[0] == pytest.approx([0.5])


def test_the_control_itself_has_zero_and_no_variance():
    deltas, variance = delta_p(both(CONTROL_HITS, CONTROL_HITS, CONTROL_ERRORS, CONTROL_ERRORS))
    assert deltas.tolist() == [0, 0, 0]
    assert variance == 0


def test_the_unit_of_a_measure_and_the_order_of_tasks_and_samples_change_nothing():
    found = delta_p(both())
    order = RNG.permutation(40)
    np.testing.assert_allclose(delta_p(both(errors=ERRORS * 9, control_errors=CONTROL_ERRORS * 9))[0], found[0])
    assert delta_p(both(errors=ERRORS * 9, control_errors=CONTROL_ERRORS * 9))[1] == pytest.approx(found[1])
    np.testing.assert_allclose(delta_p(both()[::-1])[0], found[0])
    shuffled = (values[:, order] for values in (HITS, CONTROL_HITS, ERRORS, CONTROL_ERRORS))
    assert delta_p(both(*shuffled))[1] == pytest.approx(found[1])


def test_its_variance_is_that_over_test_parts_drawn_anew():
    rng = np.random.default_rng(1)
    size, drawn = 4000, 400
    # Far from its control, so that it shows how much of the control's own chance there is in a ratio.
    hits, control_hits = (rng.random((2, 2, size)) < np.array([0.9, 0.3])[:, None, None]).astype(float)
    shared = rng.chisquare(1, size)
    errors, control_errors = (shared + rng.chisquare(1, (2, 2, size))) * np.array([1.8, 0.6])[:, None, None]
    whole = (hits, control_hits, errors, control_errors)
    means = []
    for _ in range(1500):
        rows = rng.integers(0, size, drawn)
        means.append(delta_p(both(*(values[:, rows] for values in whole)))[0].mean())
    _, variance = delta_p(both(*(values[:, :drawn] for values in whole)))
    assert variance == pytest.approx(np.var(means), rel=0.25)


def test_failed_repeats_of_either_are_left_out():
    hits, control_errors, control_hits = HITS.copy(), CONTROL_ERRORS.copy(), CONTROL_HITS.copy()
    hits[0], control_errors[1] = np.nan, np.nan
    deltas, variance = delta_p(both(hits=hits, control_errors=control_errors))
    assert np.isnan(deltas).tolist() == [True, True, False]
    assert variance == delta_p(both(*(values[2:] for values in (HITS, CONTROL_HITS, ERRORS, CONTROL_ERRORS))))[1]
    control_hits[:] = 0
    deltas, variance = delta_p(both(control_hits=control_hits))
    assert np.isnan(deltas).all()
    assert np.isnan(variance)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory):
    """Two repeats of two methods and their control, the second repeat of one failed, and a method of another kind."""
    folder = tmp_path_factory.mktemp("methods")
    scaled = [
        dataclasses.replace(
            toys.sample(seed=seed), auxiliary_scaling=Scaling(np.float32([seed, 2]), np.float32([3, 4]))
        )
        for seed in (0, 1)
    ]
    found = {name: [trained(name, one) for one in scaled] for name in ("equal-weights", "uncertainty", "single-task")}
    found["uncertainty"][1] = Failed("on purpose")
    found["joint"] = [trained("joint", one) for one in scaled]
    homes: dict[str, Path] = {}
    for name, results in found.items():
        control = None if name == "single-task" else "single-task"
        outcomes.save(folder / name, results, {"control": control})
        homes[name] = folder / name
    part = toys.part(25, 3, 9)
    auxiliary = part.auxiliary * np.float32([3, 4]) + np.float32([0.5, 2])
    logits = {
        name: np.stack([
            np.full((25, 3), np.nan) if isinstance(one, Failed) else predict(one.model, part.x) for one in results
        ])
        for name, results in found.items()
    }  # fmt: skip
    read = {name: outcomes.read(home) for name, home in homes.items()}
    content = multitask.of(Predictor(part.x), homes, read, logits, part.y, auxiliary, 0.1)
    return found, part, auxiliary, logits, content


def test_the_auxiliary_error_is_in_the_deviations_of_each_repeats_training_part(evaluated):
    found, part, auxiliary, _, content = evaluated
    for name in ("equal-weights", "single-task"):
        for repeat, seed in enumerate((0, 1)):
            predicted = np.asarray(found[name][repeat].model(part.x)["auxiliary"], np.float64)
            truth = (auxiliary - [seed, 2]) / [3, 4]
            expected = ((predicted - truth) ** 2).mean()
            assert content[name]["auxiliary_error"][repeat] == pytest.approx(expected, rel=1e-5)


def test_evaluate_compares_with_the_control_of_the_same_repeat(evaluated):
    _, part, _, logits, content = evaluated
    accuracy = {name: (logits[name].argmax(axis=2) == part.y).mean(axis=1) for name in logits}
    error = {name: np.array(content[name]["auxiliary_error"]) for name in ("equal-weights", "single-task")}
    expected = (
        accuracy["equal-weights"] / accuracy["single-task"] - error["equal-weights"] / error["single-task"]
    ) / 2  # fmt: skip
    ours = content["equal-weights"]
    np.testing.assert_allclose(ours["delta_p"], expected)
    assert ours["delta_p_mean"] == pytest.approx(expected.mean())
    low, high = ours["delta_p_interval"]
    assert low < expected.mean() < high
    assert low + high == pytest.approx(2 * expected.mean())


def test_a_failed_repeat_the_control_and_methods_without_the_second_task_have_no_delta_p(evaluated):
    content = evaluated[-1]
    assert content["uncertainty"]["auxiliary_error"][1] is content["uncertainty"]["delta_p"][1] is None
    assert content["uncertainty"]["delta_p_interval"] is None
    assert content["single-task"]["delta_p"] is None
    assert "joint" not in content
