"""What all adaptation methods have in common; and the floor and the ceiling."""

import functools

import pytest

from tasks.adapt import METHODS, oracle
from tasks.common import scratch
from tests.tasks import adapt_toys, toys
from tests.tasks.adapt_toys import SEED, trained

trained_once = functools.cache(trained)
ADAPTING = [method for method in METHODS if method != "source-only"]


@pytest.mark.parametrize("method", ADAPTING)
def test_weight_zero_is_source_only_bit_for_bit(method: str):
    alone = trained_once("source-only").model
    assert toys.same(trained(method, weights=[0.0]).model, alone)
    assert not toys.same(trained_once(method).model, alone)


@pytest.mark.parametrize("method", ADAPTING)
def test_the_targets_inputs_matter_and_a_network_of_convolutions_works(method: str):
    pictures = toys.images(rows=16)
    x = toys.images(rows=16, seed=5).train.x * 2
    short = {"network": adapt_toys.CONVOLUTIONAL, "epochs": 1}
    models = [trained(method, pictures, target, **short).model for target in (x, x[::-1] + 1)]
    assert not toys.same(*models)


EXTRA: dict[str, list[dict[str, object]]] = {
    "dann": [{"steepness": 2.0}, {"units": 5}],
    "mmd": [{"kernels": 1}],
    "adda": [{"units": 5}, {"source_epochs": 3}],
    "self-training": [{"rounds": 1}, {"source_epochs": 3}, {"confidence": 0.9}],
}
CHANGES: list[tuple[str, dict[str, object]]] = [
    (method, change)
    for method in ADAPTING
    for change in ({"weights": [0.25]}, {"epochs": 6}, {"rates": [0.05]}, *EXTRA.get(method, []))
]


@functools.cache
def usual(method: str):
    """A method's model with unchanged settings, without batch normalisation where it can do without: faster."""
    return trained(method, network=network_of(method)).model


def network_of(method: str):
    return adapt_toys.NORMALISED if method == "adabn" else toys.NETWORK


@pytest.mark.parametrize(("method", "change"), CHANGES, ids=str)
def test_every_setting_changes_the_result(method: str, change: dict[str, object]):
    assert not toys.same(usual(method), trained(method, network=network_of(method), **change).model)


def test_source_only_is_training_on_the_source_and_nothing_else():
    data = toys.sample(rows=32)
    plain = scratch.train(data, adapt_toys.NORMALISED, toys.training(), SEED).model
    assert toys.same(trained("source-only").model, plain)
    assert toys.same(trained("source-only", x=adapt_toys.unlabelled(seed=4) * 3).model, plain)


def test_source_only_with_its_own_criterion_chooses_as_any_training_does():
    rates = {"rates": [0.01, 0.3, 0.1], "keep": "best"}
    chosen = trained("source-only", choice="source-validation", **rates)
    plain = scratch.train(toys.sample(rows=32), adapt_toys.NORMALISED, toys.training(**rates), SEED)
    assert toys.same(chosen.model, plain.model)
    assert (chosen.rate, chosen.trainings) == (plain.rate, 3)


def test_the_ceiling_is_training_on_the_targets_labels_alone():
    target = toys.part(30, 3, 5)
    parts = oracle.labelled(target.x, target.y, ("a", "b", "c"), SEED)
    assert (len(parts.train), len(parts.validation)) == (24, 6)
    rows = {row.tobytes(): y for row, y in zip(target.x, target.y, strict=True)}
    seen = [*zip(parts.train.x, parts.train.y, strict=True), *zip(parts.validation.x, parts.validation.y, strict=True)]
    assert {x.tobytes(): y for x, y in seen} == rows  # disjoint, complete, and each with its own label
    found = oracle.run(target.x, target.y, ("a", "b", "c"), toys.NETWORK, toys.training(), SEED).model
    assert toys.same(found, scratch.train(parts, toys.NETWORK, toys.training(), SEED).model)
