"""Distillation on made-up samples, against MUNGE (Bucila et al., 2006)."""

import functools

import keras
import numpy as np
import pytest
from scipy.stats import pearsonr

from tasks.common import seeds
from tasks.common.objectives import predict
from tasks.common.outcomes import Trained
from tasks.common.samples import Scaling
from tasks.common.schema.distill import Augmented, Unlabelled
from tasks.distill import augmented as method
from tasks.distill import student, unlabelled
from tasks.distill.teaching import Lesson
from tests.tasks import toys

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(30, 3)).astype(np.float32) * 3
SOFT = {"temperature": 4.0, "weight": 0.7}
SETTINGS = toys.TRAINING | SOFT | {"copies": 3, "swap": 0.5, "spread": 0.5, "shift": 2}
DRAW = Augmented.model_validate(SETTINGS)


def run(lesson: Lesson | None = None, **changes: object) -> Trained:
    settings = Augmented.model_validate(SETTINGS | changes)
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


def rows(count: int = 40) -> np.ndarray:
    """Rows on a line in three dimensions, a little off it."""
    along = np.random.default_rng(4).normal(size=(count, 1))
    return (along * [1.0, 2.0, -1.0] + np.random.default_rng(5).normal(size=(count, 3)) * 0.01).astype(np.float32)


def munged(swap: float = 0.5, spread: float = 0.5, copies: int = 50, x: np.ndarray | None = None) -> np.ndarray:
    return method.munge(rows() if x is None else x, copies, swap, spread, np.random.default_rng(1))


def neighbours(x: np.ndarray) -> np.ndarray:
    return np.array(
        [min((r for r in range(len(x)) if r != i), key=lambda r: ((x[i] - x[r]) ** 2).sum()) for i in range(len(x))]
    )


def test_at_no_swap_the_copies_are_the_rows_and_at_full_swap_without_spread_the_neighbours():
    x = rows()
    assert np.array_equal(munged(swap=0.0, copies=2), np.vstack([x, x]))
    assert np.array_equal(munged(swap=1.0, spread=0.0, copies=2), np.vstack([x[neighbours(x)]] * 2))


def test_values_are_drawn_around_the_neighbours_with_the_distance_as_deviation():
    x = rows()
    near = x[neighbours(x)]
    standard = (munged(swap=1.0, spread=0.5, copies=400).reshape(400, *x.shape) - near) / (0.5 * np.abs(x - near))
    assert standard.mean() == pytest.approx(0, abs=0.02)
    assert standard.std() == pytest.approx(1, abs=0.02)
    changed = munged(swap=0.3, copies=400).reshape(400, *x.shape) != x
    assert changed.mean() == pytest.approx(0.3, abs=0.01)


def test_made_up_rows_stay_near_the_surface_of_the_data():
    """Noise of the same size in every direction would leave the line that these rows lie on."""
    made = munged()
    assert pearsonr(made[:, 0], made[:, 1])[0] > 0.98
    assert not np.isin(made[:, 0], rows()[:, 0]).all()


def test_columns_change_on_their_own_and_their_order_does_not_count():
    """A shift or a permutation of the rows' columns changes neighbours nor deviations."""
    x = rows()
    moved = munged(swap=1.0, spread=0.0, copies=1, x=(x + 3)[:, ::-1].copy())
    np.testing.assert_allclose(moved, (munged(swap=1.0, spread=0.0, copies=1) + 3)[:, ::-1], atol=1e-5)
    changed = munged(copies=20).reshape(20, *x.shape) != x
    assert 0 < changed.all(axis=2).mean() < changed.any(axis=2).mean() < 1


def test_images_move_whole_and_black_moves_in():
    image = np.arange(1, 26, dtype=np.float32).reshape(1, 5, 5)
    moved = method.shifted(image, 200, 2, np.random.default_rng(0))
    found = set()
    for one in moved:
        top, left = np.argwhere(one == 13)[0] - 2  # the middle's value
        found.add((int(top), int(left)))
        expected = np.zeros((5, 5))
        for r in range(5):
            for c in range(5):
                if 0 <= r - top < 5 and 0 <= c - left < 5:
                    expected[r, c] = image[0, r - top, c - left]
        assert np.array_equal(one, expected)
    assert found == {(r, c) for r in range(-2, 3) for c in range(-2, 3)}
    assert np.array_equal(method.shifted(image, 3, 0, np.random.default_rng(0)), np.vstack([image] * 3))


def test_copy_after_copy_follows_the_order_of_the_images():
    images = np.zeros((2, 5, 5), np.float32)
    images[0, 2, 2], images[1, 2, 2] = 1, 2
    assert method.shifted(images, 3, 1, np.random.default_rng(0)).max(axis=(1, 2)).tolist() == [1, 2] * 3


def test_images_move_before_they_are_scaled():
    """Where each pixel has a scale of its own, a moved scaled image shows something else."""
    scaling = Scaling(np.full((4, 4), 3, np.float32), np.arange(1, 17, dtype=np.float32).reshape(4, 4))
    raw = RNG.integers(1, 9, size=(3, 4, 4)).astype(np.float32)
    made = method.made_up(scaling(raw), scaling, DRAW, np.random.default_rng(2))
    expected = scaling(method.shifted(raw, 3, 2, np.random.default_rng(2)))
    np.testing.assert_allclose(made, expected, atol=1e-4)


def test_the_teacher_is_asked_once_about_the_made_up_samples_and_taught_as_unlabelled_ones():
    lesson = toys.lesson(LOGITS)
    made = method.made_up(toys.sample().train.x, lesson.scaling, DRAW, seeds.generator(3, "augmented"))
    told = Lesson(lesson.teacher, lesson.logits, made, predict(lesson.teacher, made))
    settings = Unlabelled.model_validate(toys.TRAINING | SOFT)
    expected = unlabelled.run(toys.sample(), told, toys.NETWORK, settings, 3)
    assert isinstance(expected, Trained)
    assert toys.same(run(lesson).model, expected.model)


def test_pixels_of_a_shift_change_the_result_for_images():
    data = toys.images()
    lesson = toys.lesson(LOGITS, sample=data)
    near, far = (Augmented.model_validate(SETTINGS | {"shift": shift}) for shift in (1, 2))
    one, two = (method.run(data, lesson, toys.NETWORK, settings, 3).model for settings in (near, far))
    assert not toys.same(one, two)


def test_the_student_comes_back_alone_and_the_teacher_as_it_was():
    lesson = toys.lesson(LOGITS)
    before = [w.copy() for w in lesson.teacher.get_weights()]
    result = run(lesson)
    assert [w.shape for w in result.model.get_weights()] == [w.shape for w in alone().get_weights()]
    assert result.model.output.shape == (None, 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, lesson.teacher.get_weights(), strict=True))


def test_weight_zero_is_the_student_alone_bit_for_bit():
    assert toys.same(run(weight=0.0).model, alone())
    assert not toys.same(usual(), alone())


@pytest.mark.parametrize(
    "change", [{"temperature": 2.0}, {"weight": 0.5}, {"copies": 2}, {"swap": 0.4}, {"spread": 0.4}]
)
def test_every_setting_changes_the_result(change: dict[str, object]):
    assert not toys.same(usual(), run(**change).model)
