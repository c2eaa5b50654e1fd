"""The plain script does the same trainings, samples of it are multiplied rightly, and times add up."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import history
from benchmarks.study import plain, where
from benchmarks.study.__main__ import scaled
from benchmarks.study.clocks import PARTS, Clocks
from flows.dag import Stage
from tasks.common import training
from tasks.common.loop import Loop
from tasks.common.phases import Course, Phase
from tasks.common.training import arrays
from tasks.models import dense
from tests.tasks import toys


def trained(kind: type[Loop], keep: str) -> tuple[Course, list[np.ndarray]]:
    """Two phases of gradient descent on all samples at once, so that no order of batches matters."""
    data = toys.sample()
    model = dense.build(toys.NETWORK, (5,), 3, seed=4)
    one = kind(model, training.plain, "momentum", len(data.train), training.classification)
    phases = [Phase("head", 0.1, 2, frozenset({"head"})), Phase("all", 0.05, 5, shares=(("hidden-1", 0.5),))]
    return one.run(
        model.get_weights(),
        phases,
        arrays(data.train),
        arrays(data.validation),
        keep,
        3,
        {},
        {},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_plain_script_trains_as_the_loop_does(keep: str):
    ours, weights = trained(Loop, keep)
    theirs, plainly = trained(plain.PlainLoop, keep)
    for one, other in zip(weights, plainly, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert theirs.epoch == ours.epoch
    assert theirs.validation_loss == pytest.approx(ours.validation_loss, rel=1e-5)
    assert theirs.validation_accuracy == pytest.approx(ours.validation_accuracy)
    for one, other in zip(ours.rows, theirs.rows, strict=True):
        assert one["phase"] == other["phase"]
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)


def test_a_training_that_only_gets_worse_keeps_its_start():
    """A rate that climbs: the state before the first epoch is the best, for both."""
    data, model = toys.sample(), dense.build(toys.NETWORK, (5,), 3, seed=4)
    for kind in (Loop, plain.PlainLoop):
        one = kind(model, training.plain, "sgd", 30, training.classification)
        course, weights = one.run(
            model.get_weights(), [Phase("all", 50.0, 1)], arrays(data.train), arrays(data.validation), "best", 3, {}, {}
        )
        assert course.epoch == 0
        np.testing.assert_array_equal(weights[0], model.get_weights()[0])


def test_rates_left_out_are_taken_to_take_as_long(monkeypatch: pytest.MonkeyPatch):
    tried: list[list[float]] = []
    ticks: Iterator[float] = iter([0.0, 3.0, 10.0, 12.0])
    monkeypatch.setattr(plain.time, "perf_counter", lambda: next(ticks))
    few = plain.FewRates(lambda settings, *rest, **more: tried.append(settings.rates), 2)
    few(toys.training(rates=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), None)
    assert (tried, few.spared) == ([[0.1, 0.4]], 6.0)  # 3 s for two of six
    few(toys.training(rates=[0.1]), None)
    assert (tried[1], few.spared) == ([0.1], 6.0)


def test_a_clock_stands_still_while_one_inside_it_runs():
    ticks = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    clocks = Clocks(lambda: next(ticks))
    with clocks.part("steps"), clocks.part("tracing"):
        pass
    found = clocks.stop()
    assert found == {**dict.fromkeys(PARTS, 0.0), "rest": 6.0, "steps": 6.0, "tracing": 3.0}


def test_the_bound_is_the_longest_chain_or_the_work_over_cores():
    """a ─> c, b ─> c; d did not run."""
    graph = {"a": Stage("a"), "b": Stage("b"), "c": Stage("c", frozenset("ab")), "d": Stage("d", frozenset("c"))}
    records = {
        "a": {"seconds": 4.0, "cpu_seconds": 4.0},
        "b": {"seconds": 6.0, "cpu_seconds": 6.0},
        "c": {"seconds": 2.0, "cpu_seconds": 2.0},
    }
    found = where.bound(graph, records, wall=12.0, cores=2)
    assert (found.path, found.work, found.seconds) == (8.0, 6.0, 8.0)
    assert where.bound(graph, records, wall=12.0, cores=1).seconds == 12.0
    assert "1.50 times the larger" in str(found)


def test_the_table_adds_up_and_what_is_in_no_part_is_the_start():
    parts = {"m a": dict.fromkeys(PARTS, 0.5), "m b": dict.fromkeys(PARTS, 1.0)}
    records = {"t@a": {"seconds": 4.0, "cpu_seconds": 3.0}, "t@b": {"seconds": 8.0, "cpu_seconds": 7.0}}
    lines = where.table({"t@a": "m a", "t@b": "m b"}, records, parts)
    assert lines[2].split(" | ")[:5] == ["| t", "2", "12.0", "10.0", "3.0"]
    assert [line.split(" | ")[0] for line in lines[3:]] == ["| all", "| t@b", "| t@a"]


def test_history_gets_a_line_a_figure(tmp_path: Path):
    path = tmp_path / "history.csv"
    history.note("b", {"ratio": 0.123456}, path)
    history.note("b", {"stages": 57}, path)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["benchmark"], row["figure"], row["value"]) for row in rows] == [
        ("b", "ratio", "0.1235"),
        ("b", "stages", "57"),
    ]
    assert json.loads(rows[0]["cores"]) >= 1


def test_only_stages_that_repeat_their_trainings_are_multiplied():
    """Of three repeats each took one; source models and the page are made once, whatever their suite."""
    seconds = {"pretrain-basics@a": 10.0, "transfer-basics@a-scratch": 2.0, "adapt@a-dann": 3.0, "report@a": 1.0}
    assert scaled(seconds, 3) == 10.0 + 3 * 5.0 + 1.0
