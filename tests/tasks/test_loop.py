"""The training loop computes what its docstring says, the same bytes every time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.common import pace, seeds
from tasks.common import training as training_module
from tasks.common.loop import order
from tasks.common.objectives import plain
from tasks.common.phases import DivergedError, Phase, freeze, row
from tasks.common.training import arrays, fit, search
from tasks.models import dense
from tests.tasks import toys


def run(model: keras.Model, phases: list[Phase], **changes: object) -> training_module.Course:
    settings = {"optimizer": "sgd", "batch": 8, "keep": "last", "seed": 3} | changes
    data = toys.sample()
    return fit(model, phases, train=arrays(data.train), validation=arrays(data.validation), **settings)  # type: ignore[arg-type]


def linear_model() -> keras.Model:
    """One linear layer, whose training can be written down."""
    inputs = keras.Input((5,))
    return keras.Model(inputs, dense.linear(3, "head", 1)(inputs))


def test_an_epoch_is_gradient_descent_on_the_batches_in_their_order():
    """W -= rate · xᵀ(softmax(xW + b) - onehot) / batch, for three batches of 8 and the last 6 samples."""
    model, data = linear_model(), toys.sample().train
    weights, bias = (w.astype(np.float64) for w in model.get_weights())
    for epoch in (1, 2):
        rows = order(3, epoch, 30)
        for start in (0, 8, 16, 24):
            batch = rows[start : start + 8]
            x, y = data.x[batch].astype(np.float64), np.eye(3)[data.y[batch]]
            scores = np.exp(x @ weights + bias)
            error = (scores / scores.sum(axis=1, keepdims=True) - y) / len(batch)
            weights, bias = weights - 0.1 * x.T @ error, bias - 0.1 * error.sum(axis=0)
    run(model, [Phase("all", 0.1, 2)])
    np.testing.assert_allclose(model.get_weights()[0], weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.get_weights()[1], bias, rtol=1e-4, atol=1e-6)


def test_the_loss_of_an_epoch_is_the_samples_mean():
    """At a rate of 1e-12 nothing moves, so that it can be computed from the start."""
    model, data = linear_model(), toys.sample().train
    loss = float(plain(model, {"x": data.x, "y": data.y}))
    assert run(model, [Phase("all", 1e-12, 1)]).rows[0]["loss"] == pytest.approx(loss, rel=1e-5)


@dataclass(frozen=True)
class Noted:
    """Learns nothing, and writes down what each batch holds in the head's bias: 1000 a step's progress and seeds."""

    what: str

    def __call__(self, model: keras.Model, batch: Mapping[str, Any]) -> Any:
        bias = model.get_layer("head").bias
        seed = tf.cast(batch["seed"], tf.float32)
        found = {"progress": [batch["progress"], 0.0, 0.0], "seed": [0.0, seed[0] / 2**31, seed[1]]}[self.what]
        return tf.reduce_sum(bias * -tf.stack(found))


def test_progress_runs_through_each_phase_and_every_step_has_a_seed_of_its_own():
    """Descent with rate 1 adds up what was noted: 4 steps an epoch, 0/8 to 7/8 of a phase of two epochs."""
    model = linear_model()
    run(model, [Phase("one", 1.0, 2), Phase("two", 1.0, 1)], objective=Noted("progress"))
    assert model.get_weights()[1][0] == pytest.approx(sum(range(8)) / 8 + sum(range(4)) / 4)
    model = linear_model()
    run(model, [Phase("one", 1.0, 2)], objective=Noted("seed"))
    epochs = sum(seeds.derive(3, "epoch", epoch) for epoch in (1, 2)) / 2**31
    assert model.get_weights()[1][1:] == pytest.approx([4 * epochs, 2 * sum(range(4))], rel=1e-5)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_training_of_many_calls_is_the_same_as_one_of_a_single_call(keep: str, monkeypatch: pytest.MonkeyPatch):
    phases = [Phase("head", 0.05, 3, frozenset({"head"})), Phase("all", 0.5, 5)]
    one, many, timed = (dense.build(toys.NETWORK, (5,), 3, 1) for _ in range(3))
    as_declared = run(timed, phases, keep=keep)
    monkeypatch.setattr(pace.Pace, "epochs", lambda self, steps: 99)
    first = run(one, phases, keep=keep)
    monkeypatch.setattr(pace.Pace, "epochs", lambda self, steps: 2)
    second = run(many, phases, keep=keep)
    assert first == second == as_declared
    assert toys.same(one, many)
    assert toys.same(one, timed)


def test_a_call_has_the_epochs_of_about_two_seconds_and_one_at_least():
    """A first call of 4 steps that took 8 s for its tracing, then steps of a millisecond, then of 5 s."""
    found = pace.Pace()
    assert found.epochs(4) == 1
    found.took(4, 8.0)
    assert found.epochs(4) == 1
    found.took(4, 0.004)
    assert found.epochs(4) == 500
    found.took(2000, 10000.0)
    assert found.epochs(4) == 1


def test_a_long_training_says_now_and_then_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: Any):
    """Epochs of 3 s, one a call: a line after 12 s and one after 24 s, none at the end."""
    model, now = linear_model(), [0.0]
    monkeypatch.setattr(pace.Pace, "epochs", lambda self, steps: 1)
    monkeypatch.setattr(pace.time, "monotonic", lambda: now.__setitem__(0, now[0] + 3.0) or now[0])
    course = run(model, [Phase("head", 0.05, 5), Phase("all", 0.05, 4)])
    said = capsys.readouterr().out.splitlines()
    loss = course.rows[3]["validation_loss"]
    assert said[0] == f"epoch 4 of 9 (head): validation loss {loss:.4g}, lowest in epoch 4"
    assert [line.split(":")[0] for line in said] == ["epoch 4 of 9 (head)", "epoch 8 of 9 (all)"]


def test_the_epoch_with_the_lowest_loss_is_told_even_where_the_last_is_kept(capsys: Any, monkeypatch: Any):
    monkeypatch.setattr(pace, "_SILENCE", 0.0)
    rows = [row(number + 1, "all", 0.0, loss, 0.5) for number, loss in enumerate([3.0, 1.0, 2.5])]
    pace.Progress(9).tell(rows)
    assert capsys.readouterr().out == "epoch 3 of 9 (all): validation loss 2.5, lowest in epoch 2\n"


def test_every_sample_shown_in_training_is_counted():
    before = training_module.samples_seen()
    run(linear_model(), [Phase("head", 0.05, 3), Phase("all", 0.5, 2)])
    run(linear_model(), [Phase("all", 0.5, 1)], streams={"more": {"x": toys.sample().train.x}}, objective=plain)
    assert training_module.samples_seen() - before == 30 * 5 + 2 * 30


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_a_loop_that_is_used_again_gives_the_bytes_of_a_fresh_one(optimizer: str):
    first, again, other = (dense.build(toys.NETWORK, (5,), 3, seed) for seed in (1, 1, 2))
    phases = [Phase("head", 0.05, 2, frozenset({"head"})), Phase("all", 0.01, 2)]
    training_module._loops.clear()
    run(first, phases, optimizer=optimizer)
    run(other, [Phase("all", 0.3, 3)], optimizer=optimizer)  # leaves its optimizer's memory and rate behind
    run(again, phases, optimizer=optimizer)
    assert len(training_module._loops) == 1
    assert toys.same(first, again)
    assert not toys.same(first, other)


def test_each_phase_moves_its_layers_alone():
    model = dense.build(toys.NETWORK, (5,), 3, 1)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    run(model, [Phase("some", 0.1, 2, frozenset({"head", "hidden-2"}))])
    moved = {
        layer.name
        for layer in model.layers
        if any(not np.array_equal(a, b) for a, b in zip(before[layer.name], layer.get_weights(), strict=True))
    }
    assert moved == {"head", "hidden-2"}


def test_best_keeps_the_epoch_with_the_lowest_validation_loss():
    model = dense.build(toys.NETWORK, (5,), 3, 1)
    course = run(model, [Phase("all", 1.5, 12)], keep="best")
    losses = [row["validation_loss"] for row in course.rows]
    assert course.epoch == int(np.argmin(losses)) + 1 < 12  # so high a rate does not end at its best
    twin = dense.build(toys.NETWORK, (5,), 3, 1)
    run(twin, [Phase("all", 1.5, course.epoch)])
    assert toys.same(model, twin)


def test_training_that_harms_from_the_start_is_undone():
    model = dense.build(toys.NETWORK, (5,), 3, 1)
    run(model, [Phase("all", 0.1, 30)])
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    assert run(model, [Phase("all", 30.0, 1)], keep="best").epoch == 0
    assert toys.same(model, twin)


def test_a_loss_that_is_not_finite_is_said_and_leaves_the_model_alone():
    model, twin = (dense.build(toys.NETWORK, (5,), 3, 1) for _ in range(2))
    with pytest.raises(DivergedError, match=r"not finite in epoch \d+ \(all, rate 1e\+30\)"):
        run(model, [Phase("all", 1e30, 9)])
    assert toys.same(model, twin)


def test_the_batch_order_hangs_on_seed_and_epoch_alone():
    assert np.array_equal(order(1, 1, 50), order(1, 1, 50))
    assert not np.array_equal(order(1, 1, 50), order(1, 2, 50))
    assert not np.array_equal(order(1, 1, 50), order(2, 1, 50))
    assert sorted(order(1, 1, 50).tolist()) == list(range(50))


def test_freezing_an_unknown_layer_is_refused():
    with pytest.raises(ValueError, match="no layers \\['body'\\]"):
        freeze(dense.build(toys.NETWORK, (5,), 3, 1), frozenset({"body"}))


def test_search_keeps_the_rate_with_the_lowest_validation_loss_and_survives_rates_that_diverge():
    settings = toys.training(rates=[1e30, 0.001, 0.1], epochs=6)
    data = toys.sample()
    found = search(
        settings,
        data,
        build=lambda: dense.build(toys.NETWORK, (5,), 3, 1),
        phases=lambda rate: [Phase("all", rate, 6)],
        seed=3,
    )
    assert (found.rate, found.trainings) == (0.1, 3)  # type: ignore[union-attr]


def test_search_fails_with_the_reasons_when_every_rate_diverges():
    settings = toys.training(rates=[1e30, 1e31])
    found = search(
        settings,
        toys.sample(),
        build=lambda: dense.build(toys.NETWORK, (5,), 3, 1),
        phases=lambda rate: [Phase("all", rate, 6)],
        seed=3,
    )
    assert "rate 1e+30" in found.reason  # type: ignore[union-attr]
    assert "rate 1e+31" in found.reason  # type: ignore[union-attr]
