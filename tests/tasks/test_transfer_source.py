"""How much of the source to keep: a spring to its weights, and its first k layers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tasks.common import outcomes, scratch
from tasks.common.objectives import plain
from tasks.common.schema.study import Network
from tasks.transfer import depth_sweep, l2_sp
from tests.tasks import toys
from tests.tasks.transferring import (
    NORMALISED,
    SEED,
    changed,
    data_of,
    source_of,
    start_of,
    transfer,
)

RNG = np.random.default_rng(0)


def distance(left: object, right: object) -> float:
    """Of all weights below the head."""
    pairs = [
        (left.get_layer(name).get_weights(), right.get_layer(name).get_weights())  # type: ignore[attr-defined]
        for name in ("hidden-1", "hidden-2")
    ]
    return float(sum(np.square(a - b).sum() for one, other in pairs for a, b in zip(one, other, strict=True)))


# l2-sp


def test_the_objective_is_the_papers():
    """α/2 ‖w - w⁰‖² over what the source gave, β/2 ‖v‖² over what is new."""
    model, data = start_of(source_of()), toys.sample().train
    batch = {"x": data.x, "y": data.y, **l2_sp.anchors(model)}
    old = [w.astype(np.float64) for w in model.get_weights()]
    model.set_weights([w + RNG.normal(size=w.shape).astype(np.float32) for w in model.get_weights()])
    new = [w.astype(np.float64) for w in model.get_weights()]
    pull = sum(np.square(w - w0).sum() for w, w0 in zip(new[:4], old[:4], strict=True))
    size = sum(np.square(v).sum() for v in new[4:])
    found = l2_sp.Objective(plain, 0.3, 0.07)(model, batch)
    assert float(found) == pytest.approx(float(plain(model, batch)) + 0.3 / 2 * pull + 0.07 / 2 * size, rel=1e-5)


def test_its_gradient_pulls_the_body_to_the_anchor_and_the_head_to_zero():
    model, data = start_of(source_of()), toys.sample().train
    batch = {"x": data.x, "y": data.y, **l2_sp.anchors(model)}
    kernel, head = model.get_layer("hidden-1").kernel, model.get_layer("head").kernel
    kernel.assign_add(tf.ones_like(kernel))
    slopes = []
    for objective in (plain, l2_sp.Objective(plain, 0.3, 0.07)):
        with tf.GradientTape() as tape:
            loss = objective(model, batch)
        slopes.append(tape.gradient(loss, [kernel.value, head.value]))
    np.testing.assert_allclose(slopes[1][0] - slopes[0][0], 0.3 * np.ones(kernel.shape), atol=1e-5)
    np.testing.assert_allclose(slopes[1][1] - slopes[0][1], 0.07 * head.numpy(), atol=1e-5)


def test_weights_zero_are_full_fine_tuning_bit_for_bit():
    spring, tuned = transfer("l2-sp", alpha=0.0, beta=0.0), transfer("full-fine-tuning")
    assert toys.same(spring.model, tuned.model)
    assert spring.moved == tuned.moved


def test_a_stronger_spring_keeps_the_body_nearer_to_the_source():
    source = source_of()
    far = [distance(source.model, transfer("l2-sp", source=source, alpha=alpha).model) for alpha in (0.1, 8.0)]
    assert far[0] > 2 * far[1] > 0


def test_a_heavier_head_term_keeps_the_head_smaller():
    sizes = [
        np.square(transfer("l2-sp", beta=beta).model.get_layer("head").get_weights()[0]).sum() for beta in (0.0, 4.0)
    ]
    assert sizes[1] < 0.8 * sizes[0]


def test_anchors_are_copies_and_leave_out_statistics():
    model = start_of(source_of(NORMALISED))
    held = l2_sp.anchors(model)
    before = {name: value.copy() for name, value in held.items()}
    model.set_weights([w + 1 for w in model.get_weights()])
    assert all(np.array_equal(held[name], before[name]) for name in held)
    parts = [("hidden-1", ("kernel", "bias")), ("hidden-1-norm", ("gamma", "beta"))]
    parts += [(name.replace("1", "2"), variables) for name, variables in parts]
    assert set(held) == {l2_sp.anchor_name(layer, variable) for layer, names in parts for variable in names}


@pytest.mark.parametrize("change", [{"alpha": 0.2}, {"beta": 0.1}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_l2_sp_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("l2-sp").model, transfer("l2-sp", **change).model)


# depth-sweep


@pytest.mark.parametrize(("frozen", "deepest"), [(True, "feature-extraction"), (False, "full-fine-tuning")])
def test_no_layer_is_scratch_tuned_and_all_layers_are_a_known_method_bit_for_bit(frozen: bool, deepest: str):
    settings = {"rates": [0.1, 0.03], "keep": "best"}
    found = transfer("depth-sweep", frozen=frozen, **settings)
    assert list(found.variants) == ["0 layers", "1 layer", "2 layers"]
    assert toys.same(found.variants["0 layers"], transfer("scratch-tuned", **settings).model)
    assert toys.same(found.variants["2 layers"], transfer(deepest, **settings).model)


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED, toys.CONVOLUTIONAL])
def test_the_first_k_layers_are_the_sources_and_the_rest_is_fresh(network: Network):
    source, data = source_of(network), data_of(network)
    fresh = scratch.network_for(data, network, SEED)
    for k in range(len(network.hidden) + 1):
        model = depth_sweep.start(data, source, network, SEED, k)
        reused = set(network.hidden[:k]) | {f"{name}-norm" for name in network.hidden[:k]}
        rest = {layer.name for layer in model.layers} - reused
        assert not changed(source.model, model, reused)
        assert not changed(fresh, model, rest)


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED])
def test_reused_layers_stay_or_follow_as_the_setting_says(network: Network):
    source = source_of(network)
    for frozen in (True, False):
        found = transfer("depth-sweep", network=network, source=source, frozen=frozen)
        moved = {name.split("/")[0] for name in changed(start_of(source), found.variants["1 layer"])}
        assert ({"hidden-1", "hidden-1-norm"} & moved == set()) == frozen
        assert {"hidden-2", "head"} <= moved


def test_the_model_compared_is_the_best_on_validation_data():
    found = transfer("depth-sweep", rates=[0.1, 0.03], keep="best")
    losses = {row["layers"]: row["validation_loss"] for row in found.notes["sweep"]}
    best = min(losses, key=lambda k: losses[k])
    assert found.notes["layers"] == best
    assert found.course.validation_loss == losses[best]
    assert toys.same(found.model, list(found.variants.values())[best])
    assert found.trainings == 6
    below = {0: 123, 1: 123 - 48, 2: 21}
    assert found.moved == below[best]


def test_where_repeats_choose_other_depths_the_most_that_one_moved_is_told(tmp_path: Path):
    found = transfer("depth-sweep")
    outcomes.save(tmp_path / "x", [replace(found, moved=count) for count in (21, 75, 48)], {})
    assert outcomes.read(tmp_path / "x")["parameters"] == {"trained": 75, "total": 123}


@pytest.mark.parametrize("change", [{"frozen": False}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_the_sweep_changes_its_variants(change: dict[str, object]):
    one, other = (transfer("depth-sweep", **changes).variants["1 layer"] for changes in ({}, change))
    assert not toys.same(one, other)
