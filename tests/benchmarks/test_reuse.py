"""Both ways of the reuse benchmark are the same training."""

import numpy as np
import pytest

from benchmarks import reuse
from tasks.common.schema.study import Dense
from tasks.models import dense
from tests.tasks import toys


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A student for rows in place of images."""
    spec = Dense(kind="dense", units=[6], activation="relu", initializer="he_normal")
    monkeypatch.setattr(reuse, "STUDENT", spec)


@pytest.mark.parametrize("part", list(reuse.PARTS))
def test_what_is_computed_once_gives_the_same_as_computing_it_each_time(part: str, small: None):
    """In one batch, so that no order matters."""
    model = dense.build(toys.NETWORK, (5,), 3, seed=4)
    before = model.get_weights()
    settings = toys.training(epochs=3, batch=30)
    once, each = (way(toys.sample(), model, settings) for way in reuse.PARTS[part])
    assert once == pytest.approx(each, rel=1e-5)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)  # neither trains the model it was handed


def test_the_losses_of_two_rates_of_training_differ(small: None):
    """Else the comparison above would hold for a training that does nothing."""
    model = dense.build(toys.NETWORK, (5,), 3, seed=4)
    losses = {reuse.stored(toys.sample(), model, toys.training(rates=[rate], batch=30)) for rate in (0.01, 0.1)}
    assert len(losses) == 2
