"""Images that stay in their file: the same rows, the same bytes and the same training as with arrays in memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks import models
from tasks.common import lazy
from tasks.common.artifacts import read_npz, write_npz
from tasks.common.lazy import Rows
from tasks.common.objectives import predict
from tasks.common.phases import Phase
from tasks.common.samples import Array, Part, Sample, Scaling
from tasks.common.training import arrays, fit
from tests.tasks import toys

IMAGES = np.random.default_rng(0).integers(0, 256, (90, 8, 8), dtype=np.uint8)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every image is large, and a block holds 7 of them."""
    monkeypatch.setattr(lazy, "LIMIT", 0)
    monkeypatch.setattr(lazy, "BLOCK", 7 * 64 * 4)


@pytest.fixture
def filed(small: None, tmp_path: Path) -> Rows:
    """`IMAGES` in a file."""
    write_npz(tmp_path / "x.npz", x=IMAGES, y=np.arange(90))
    found = lazy.read(tmp_path / "x.npz")
    assert isinstance(found["x"], Rows)
    assert isinstance(found["y"], np.ndarray)
    x: Rows = found["x"]
    return x


@pytest.mark.parametrize(
    "which",
    [
        slice(None),
        slice(0),
        slice(5, 40, 3),
        3,
        np.array([4, 5, 6, 80, 2, 2]),
        np.arange(90) % 7 == 0,
        np.array([[1, 2], [8, 7]]),
    ],
)
def test_rows_are_those_that_numpy_takes(which: Any, filed: Rows) -> None:
    some = filed[which]
    assert some.shape == IMAGES[which].shape
    assert some.ndim == IMAGES[which].ndim
    np.testing.assert_array_equal(np.asarray(some), IMAGES[which])


def test_nothing_is_read_before_it_is_asked_for(filed: Rows) -> None:
    some = filed[10:20].scaled(lambda x: x / 2)[::2]
    filed.path.write_bytes(b"")
    assert some.shape == (5, 8, 8)
    with pytest.raises(OSError, match="cut short"):
        np.asarray(some)


def test_rows_are_written_to_the_bytes_of_their_array(filed: Rows, tmp_path: Path) -> None:
    which = np.random.default_rng(1).permutation(90).reshape(3, 30)
    for name, x in (("array", IMAGES), ("rows", filed)):
        write_npz(tmp_path / f"{name}.npz", x=x, some=x[which])
    assert (tmp_path / "array.npz").read_bytes() == (tmp_path / "rows.npz").read_bytes()
    np.testing.assert_array_equal(read_npz(tmp_path / "rows.npz")["some"], IMAGES[which])


def test_no_rows_are_written_and_read_as_such(filed: Rows, tmp_path: Path) -> None:
    none = np.empty((2, 0), np.int64)
    for name, x in (("array", IMAGES), ("rows", filed)):
        write_npz(tmp_path / f"{name}.npz", x=x[none])
    assert (tmp_path / "array.npz").read_bytes() == (tmp_path / "rows.npz").read_bytes()
    assert lazy.by_blocks(lambda x: x.mean(axis=(1, 2)), filed[:0]).shape == (0,)


def test_what_has_several_counting_axes_gives_rows_of_each(filed: Rows, tmp_path: Path) -> None:
    write_npz(tmp_path / "u.npz", x=IMAGES.reshape(3, 30, 8, 8))
    repeats = list(lazy.read(tmp_path / "u.npz", {"x": 2})["x"])
    assert [one.shape for one in repeats] == [(30, 8, 8)] * 3
    np.testing.assert_array_equal(np.asarray(repeats[2][4:6]), IMAGES[64:66])


def test_compressed_images_and_small_ones_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(tmp_path / "small.npz", x=IMAGES)
    assert isinstance(lazy.read(tmp_path / "small.npz")["x"], np.ndarray)
    monkeypatch.setattr(lazy, "LIMIT", 0)
    np.savez_compressed(tmp_path / "z.npz", x=IMAGES)
    assert isinstance(lazy.read(tmp_path / "z.npz")["x"], np.ndarray)


@pytest.mark.parametrize("kind", ["standardise", "overall", "unit", "signed"])
def test_a_scaling_fitted_to_rows_has_the_same_bits(kind: str, filed: Rows) -> None:
    memory, streamed = Scaling.fit(IMAGES, kind), Scaling.fit(filed, kind)  # type: ignore[arg-type]
    np.testing.assert_array_equal(memory.shift, streamed.shift)
    np.testing.assert_array_equal(memory.scale, streamed.scale)
    assert isinstance(streamed(filed), Rows)  # type: ignore[arg-type]
    np.testing.assert_array_equal(np.asarray(streamed(filed)), memory(IMAGES))  # type: ignore[arg-type]


Bring = Callable[[Array], Any]


def sample(bring: Bring) -> Sample:
    """Images whose class is the brightest of the first columns."""
    y = IMAGES[:, :, :3].mean(axis=1).argmax(axis=1).astype(np.int32)
    scaling = Scaling.fit(IMAGES, "standardise")

    def part(some: slice) -> Part:
        x = bring(np.arange(90)[some])
        return Part(scaling(x), y[some], np.zeros((len(y[some]), 0), np.float32))

    return Sample(part(slice(0, 60)), part(slice(60, 90)), ("a", "b", "c"))


def trained(one: Sample, keep: str, streams: bool) -> tuple[list[Array], list[Any]]:
    """Weights and course of a short training."""
    model = models.build(toys.CONVOLUTIONAL, (8, 8), 3, seed=1)
    course = fit(
        model,
        [Phase("all", 0.05, 2), Phase("more", 0.01, 2)],
        train=arrays(one.train),
        validation=arrays(one.validation),
        optimizer="adam",
        batch=16,
        keep=keep,  # type: ignore[arg-type]
        seed=3,
        streams={"target": {"x": one.validation.x}} if streams else None,
    )
    return model.get_weights(), course.rows


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("streams", [False, True])
def test_a_streamed_training_has_the_same_weights(keep: str, streams: bool, filed: Rows) -> None:
    (memory, first), (streamed, second) = (
        trained(sample(bring), keep, streams) for bring in (lambda which: IMAGES[which], lambda which: filed[which])
    )
    for ours, theirs in zip(memory, streamed, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(first, second, strict=True):
        assert ours["loss"] == theirs["loss"]
        assert ours["validation_loss"] == pytest.approx(theirs["validation_loss"], rel=1e-6)  # its blocks' mean
        assert ours["validation_accuracy"] == pytest.approx(theirs["validation_accuracy"], rel=1e-6)


def test_no_more_is_read_at_a_time_than_a_batch_or_a_block(filed: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    read, counts = Rows.__array__, []

    def counting(self: Rows, *given: Any, **named: Any) -> Any:
        counts.append(self.index.size)
        return read(self, *given, **named)

    one = sample(lambda which: filed[which])
    monkeypatch.setattr(Rows, "__array__", counting)
    trained(one, "best", streams=True)
    assert set(counts) == {16, 12, 7, 2}  # whole batches of 60 and what is left, and so of blocks of 30


def test_two_sets_of_the_same_shape_do_not_share_a_trace(filed: Rows) -> None:
    one = sample(lambda which: filed[which])
    other = replace(one, train=replace(one.train, x=sample(lambda which: filed[which[::-1]]).train.x))
    assert other.train.x.shape == one.train.x.shape
    first, second = (trained(part, "last", False)[0] for part in (one, other))
    assert any((ours != theirs).any() for ours, theirs in zip(first, second, strict=True))


def test_predictions_are_the_same(filed: Rows) -> None:
    model, scaling = models.build(toys.CONVOLUTIONAL, (8, 8), 3, seed=1), Scaling.fit(IMAGES, "unit")
    np.testing.assert_array_equal(predict(model, scaling(filed)), predict(model, scaling(IMAGES)))  # type: ignore[arg-type]
