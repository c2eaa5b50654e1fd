"""Every few-shot method: known answers on planted classes, chance where there is nothing to know, and who moves."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.fewshot import METHODS as NAMES
from tasks.fewshot import METHODS
from tasks.fewshot.episodes import Criterion, accuracies
from tasks.fewshot.learning import embedding
from tasks.fewshot.pools import Pool
from tests.tasks.fewshot import toys

EACH = pytest.mark.parametrize("name", METHODS)
LEARNT = pytest.mark.parametrize("name", [name for name in METHODS if name != "nearest"])
EPISODES = toys.episodes(toys.base().validation)


def run(name: str, seed: int = 3, **changes: object) -> Trained | Failed:
    """A method on the planted base classes."""
    return METHODS[name].run(toys.base(), EPISODES, toys.TASK, toys.settings(name, **changes), seed)


@cache
def trained(name: str) -> Trained:
    """The same, run once for all tests."""
    found = run(name)
    assert isinstance(found, Trained)
    return found


def on(name: str, pool: Pool) -> np.ndarray:
    """Accuracies of 200 episodes of a pool."""
    scores = METHODS[name].scores(toys.settings(name))
    return accuracies(scores, predict(trained(name).model, pool.flat), toys.episodes(pool, count=200))


def test_the_table_has_the_methods_of_the_settings() -> None:
    assert tuple(METHODS) == NAMES


@EACH
def test_planted_classes_that_nobody_trained_on_are_told_apart(name: str) -> None:
    assert on(name, toys.pool(10, 77)).mean() > 0.97


@EACH
def test_where_labels_mean_nothing_a_method_is_at_chance(name: str) -> None:
    """The same samples, dealt out to classes by lot. Episodes share samples, so that their mean is not exact."""
    pool = toys.pool(10, 77)
    shuffled = np.random.default_rng(0).permutation(pool.flat).reshape(pool.x.shape)
    found = on(name, Pool(shuffled, pool.names))
    assert found.mean() == pytest.approx(1 / toys.TASK.ways, abs=0.06)


@EACH
def test_two_runs_give_the_same_bits(name: str) -> None:
    again = run(name)
    assert isinstance(again, Trained)
    assert again.course == trained(name).course
    for one, other in zip(again.model.get_weights(), trained(name).model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@LEARNT
def test_all_of_the_embedding_moves_from_weights_that_the_seed_alone_decides(name: str) -> None:
    """Without an epoch worth keeping the first weights stay: they are the same for all methods of one repeat."""
    start = embedding(toys.TASK, toys.base().train, 3).get_weights()
    unmoved = run(name, rates=[1e-12], epochs=1, keep="last")
    assert isinstance(unmoved, Trained)
    for first, still, moved in zip(start, unmoved.model.get_weights(), trained(name).model.get_weights(), strict=True):
        np.testing.assert_allclose(still, first, atol=1e-9)
        assert np.abs(moved - first).max() > 1e-4


def test_another_seed_starts_elsewhere() -> None:
    first, other = (embedding(toys.TASK, toys.base().train, seed).get_weights()[0] for seed in (3, 4))
    assert np.abs(first - other).max() > 0.01


@EACH
def test_telling_episodes_moves_nothing(name: str) -> None:
    before = [weights.copy() for weights in trained(name).model.get_weights()]
    on(name, toys.pool(6, 8))
    for first, after in zip(before, trained(name).model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, after)


@LEARNT
def test_training_lowers_the_loss_and_the_epoch_is_chosen_by_classes_it_did_not_see(name: str) -> None:
    """The loss that chooses is that of the validation episodes, told as the novel ones will be."""
    course = trained(name).course
    assert len(course.rows) == 4
    assert course.rows[-1]["loss"] < 0.9 * course.rows[0]["loss"]
    assert course.validation_loss == min(row["validation_loss"] for row in course.rows)
    model, held = trained(name).model, toys.base().validation
    constants = {"support": tf.constant(EPISODES.support), "query": tf.constant(EPISODES.query)}
    loss, accuracy = Criterion(METHODS[name].scores(toys.settings(name)))(model, {"x": held.flat, **constants})
    assert float(loss) == pytest.approx(course.validation_loss, rel=1e-4)
    assert float(accuracy) == pytest.approx(course.validation_accuracy, abs=0.01)


@pytest.mark.parametrize("name", ["prototypes", "matching"])
def test_training_learns_which_features_tell_classes_apart(name: str) -> None:
    """A part of each image is loud noise: pixels are lost in it, and an embedding learns to look away."""

    def loud(pool: Pool, seed: int) -> Pool:
        noise = 4 * np.random.default_rng(seed).normal(size=(*pool.x.shape[:3], 3))
        return Pool(np.concatenate([pool.x[..., :3], noise.astype(np.float32)], axis=3), pool.names)

    base = toys.base()
    known = type(base)(loud(toys.pool(40, 1), 1), loud(base.validation, 2))
    settings = toys.settings(name, epochs=60, rates=[0.01])
    found = METHODS[name].run(known, EPISODES, toys.TASK, settings, 3)
    assert isinstance(found, Trained)
    novel = loud(toys.pool(10, 77), 3)
    episodes = toys.episodes(novel, count=200)
    pixels = accuracies(METHODS["nearest"].scores(None), novel.flat.reshape(len(novel.flat), -1), episodes)
    learnt = accuracies(METHODS[name].scores(settings), predict(found.model, novel.flat), episodes)
    assert pixels.mean() < 0.45
    assert learnt.mean() > pixels.mean() + 0.15


def test_the_baselines_head_of_base_classes_is_left_behind() -> None:
    model = trained("fine-tuned").model
    assert model.output.shape == (None, 24)
    assert trained("fine-tuned").moved == model.count_params() + (24 + 1) * 13


def test_nearest_gives_the_pixels() -> None:
    pool = toys.pool(3, 9)
    np.testing.assert_array_equal(predict(trained("nearest").model, pool.flat), pool.flat.reshape(len(pool.flat), -1))
    assert trained("nearest").moved == 0


def test_a_rate_that_diverges_is_a_failed_repeat() -> None:
    found = run("prototypes", optimizer="sgd", rates=[1e30])
    assert isinstance(found, Failed)
    assert "not finite" in found.reason


def test_too_few_samples_for_a_training_episode_are_told_of() -> None:
    with pytest.raises(UserError, match=r"want 2 \+ 9 samples of a class, which has 8; lower"):
        run("prototypes", queries=9)
