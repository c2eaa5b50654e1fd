"""Born-again students, against Furlanello et al. (2018)."""

import functools

import keras
import numpy as np
import pytest

from tasks.common.objectives import predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.distill import BornAgain, Logits
from tasks.distill import born_again as method
from tasks.distill import logits, student
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SOFT = {"temperature": 4.0, "weight": 0.7}
SETTINGS = toys.TRAINING | SOFT | {"generations": 2}
SEARCHING = BornAgain.model_validate(SETTINGS | {"rates": [0.05, 0.1]})


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = BornAgain.model_validate(SETTINGS | changes)
    result = method.run(toys.sample(), lesson or toys.lesson(LOGITS), toys.NETWORK, settings, 3)
    assert isinstance(result, Trained)
    return result


@functools.cache
def usual() -> keras.Model:
    return run().model


@functools.cache
def alone() -> keras.Model:
    """The student on labels alone."""
    result = student.run(toys.sample(), None, toys.NETWORK, toys.training(), 3)
    assert isinstance(result, Trained)
    return result.model


def test_one_generation_is_logits_taught_by_the_first():
    result = run(generations=1)
    parent = result.variants["generation 0"]
    taught = logits.run(
        toys.sample(),
        toys.lesson(predict(parent, toys.sample().train.x)),
        toys.NETWORK,
        Logits.model_validate(toys.TRAINING | SOFT),
        3,
    )
    assert isinstance(taught, Trained)
    assert toys.same(result.model, taught.model)


def test_every_generation_is_born_anew_and_learns_from_its_parent():
    """The chain can be walked from outside: each variant is `logits` from its own weights, taught by the one before."""
    result = run(generations=2)
    first, second = result.variants.values()
    assert list(result.variants) == ["generation 0", "generation 1"]
    child = logits.run(
        toys.sample(),
        toys.lesson(predict(second, toys.sample().train.x)),
        toys.NETWORK,
        Logits.model_validate(toys.TRAINING | SOFT),
        3,
    )
    assert isinstance(child, Trained)
    assert toys.same(child.model, result.model)
    assert not toys.same(first, second)
    assert not toys.same(first, alone())  # other initial weights than the last generation's


def test_all_trainings_are_counted_and_the_lesson_is_not_looked_at():
    result = run(rates=[0.05, 0.1])
    assert result.trainings == 6
    assert len(result.notes["validation_accuracy"]) == 3
    other = method.run(toys.sample(), None, toys.NETWORK, SEARCHING, 3)
    assert toys.same(other.model, result.model)


def test_a_generation_that_diverges_is_named():
    result = method.run(toys.sample(), None, toys.NETWORK, BornAgain.model_validate(SETTINGS | {"rates": [1e30]}), 3)
    assert isinstance(result, Failed)
    assert result.reason.startswith("generation 0: ")


@pytest.mark.parametrize("change", [{"weight": 0.0}, {"generations": 0}])
def test_weight_zero_and_no_generations_are_the_student_alone_bit_for_bit(change: dict[str, object]):
    assert toys.same(run(**change).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize("change", [{"temperature": 2.0}, {"weight": 0.5}, {"generations": 1}])
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
