"""Transfer methods: what they have in common, scratch, fixed, feature extraction and fine-tuning."""

import numpy as np
import pytest

from tasks.common.catalogue import WITHOUT_SOURCE
from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.schema.study import Network
from tasks.common.stages import Source
from tasks.models import dense, surgery
from tasks.transfer import CONTROL, METHODS, about, fixed
from tests.tasks import toys
from tests.tasks.transferring import (
    NORMALISED,
    NORMALISED_IMAGES,
    SEED,
    changed,
    headless,
    settings_of,
    source_of,
    start_of,
    transfer,
)

# The sweep may find that it does without.
WITH_SOURCE = [method for method in METHODS if method not in (*WITHOUT_SOURCE, "depth-sweep")]


@pytest.mark.parametrize("method", METHODS)
def test_the_source_keeps_its_bits_and_may_have_no_head(method: str):
    """Methods put a head of their own on it, so a source without one gives the same model."""
    network = toys.TRANSFORMER if method == "tf-idf" else toys.NETWORK
    source, twin = source_of(network), source_of(network)
    result = transfer(method, network=network, source=source)
    assert toys.same(source.model, twin.model)
    assert toys.same(result.model, transfer(method, network=network, source=headless(source)).model)


@pytest.mark.parametrize("method", WITH_SOURCE)
def test_another_source_gives_another_model(method: str):
    assert not toys.same(transfer(method).model, transfer(method, source=source_of(seed=8)).model)


@pytest.mark.parametrize(
    ("method", "network"),
    [("feature-extraction", NORMALISED_IMAGES), ("bitfit", NORMALISED_IMAGES), ("lora", NORMALISED)],
)
def test_a_frozen_network_keeps_its_batch_normalisation_statistics_included(method: str, network: Network):
    source = source_of(network)
    moved = changed(start_of(source), transfer(method, network=network, source=source).model)
    assert {"head/kernel", "head/bias"} <= moved
    assert not any("-norm/" in name for name in moved)


@pytest.mark.parametrize("network", [NORMALISED, NORMALISED_IMAGES])
def test_a_layer_that_may_move_takes_its_batch_normalisation_along(network: Network):
    """``layers: 1`` is one hidden layer, however many layers of Keras it takes."""
    source = source_of(network)
    result = transfer("fine-tuning", network=network, source=source, layers=1)
    last = network.hidden[-1]
    norm = {f"{last}-norm/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    moved = changed(start_of(source), result.model)
    # The bias before a batch mean that is subtracted has no gradient but rounding.
    assert moved - {f"{last}/bias"} == {f"{last}/kernel", *norm, "head/kernel", "head/bias"}
    assert result.moved == sum(surgery.parameters(result.model, [name]) for name in (last, f"{last}-norm", "head"))


def test_fine_tuning_from_fresh_weights_without_a_head_phase_is_scratch_bit_for_bit():
    """Limits: a source that learnt nothing, no head phase, no slowdown."""
    untrained = Source(dense.build(toys.NETWORK, (5,), 2, SEED), ("x", "y"))
    tuned = transfer("fine-tuning", source=untrained, head_epochs=0, slowdown=1.0)
    plain = transfer("scratch")
    assert toys.same(tuned.model, plain.model)
    assert tuned.moved == plain.moved == plain.model.count_params()


def test_fine_tuning_without_its_second_phase_is_feature_extraction_bit_for_bit():
    settings = settings_of("fine-tuning", head_epochs=4).model_copy(update={"epochs": 0})
    tuned = METHODS["fine-tuning"](toys.sample(), source_of(), toys.NETWORK, settings, SEED)
    assert toys.same(tuned.model, transfer("feature-extraction").model)
    assert tuned.moved == 21


@pytest.mark.parametrize("network", [toys.NETWORK, toys.CONVOLUTIONAL])
def test_feature_extraction_moves_the_head_alone(network: Network):
    source = source_of(network)
    result = transfer("feature-extraction", network=network, source=source)
    assert changed(start_of(source), result.model) == {"head/kernel", "head/bias"}
    assert result.moved == 21


@pytest.mark.parametrize(("layers", "frozen"), [("all", []), (1, ["hidden-1"]), (["hidden-1"], ["hidden-2"])])
def test_fine_tuning_moves_the_chosen_layers(layers: object, frozen: list[str]):
    source = source_of()
    result = transfer("fine-tuning", source=source, layers=layers)
    moved = {name.split("/")[0] for name in changed(start_of(source), result.model)}
    assert moved == {"hidden-1", "hidden-2", "head"} - set(frozen)
    counted = {"hidden-1": 48, "hidden-2": 54}
    assert result.moved == 21 + sum(count for name, count in counted.items() if name not in frozen)


@pytest.mark.parametrize(
    "change", [{"head_epochs": 1}, {"slowdown": 0.1}, {"epochs": 5}, {"rates": [0.05]}, {"batch": 4}]
)
def test_every_setting_of_fine_tuning_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("fine-tuning").model, transfer("fine-tuning", **change).model)


@pytest.mark.parametrize("layers", [["hidden-9"], ["head"], 3])
def test_layers_that_do_not_exist_are_refused_with_those_that_do(layers: object):
    with pytest.raises(UserError, match=r"fine-tuning.layers .* the network has (hidden-1, hidden-2|2 hidden layers)"):
        transfer("fine-tuning", layers=layers)


@pytest.mark.parametrize("network", [toys.NETWORK, NORMALISED])
def test_fixed_gives_each_sample_the_class_with_the_nearest_mean_feature(network: Network):
    source, data = source_of(network), toys.sample()
    features = surgery.features(source.model)
    train, held_out = predict(features, data.train.x), predict(features, data.validation.x)
    means = np.stack([train[data.train.y == label].mean(axis=0) for label in range(3)])
    nearest = ((held_out[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    result = transfer("fixed", network=network, source=source)
    assert np.array_equal(predict(result.model, data.validation.x).argmax(axis=1), nearest)
    assert result.course.validation_accuracy == pytest.approx((nearest == data.validation.y).mean())
    assert (result.moved, result.trainings) == (0, 0)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_logits_of_distances_are_brought_to_the_scale_with_the_lowest_cross_entropy(size: float):
    """Of labels that are drawn by the logits' own probabilities the true scale is found again, whatever it was."""
    rng = np.random.default_rng(5)
    true = rng.normal(size=(4000, 5)) * 2
    y = (true + rng.gumbel(size=true.shape)).argmax(axis=1)
    assert fixed.sharpness(size * true, y) * size == pytest.approx(1, rel=0.05)


def test_a_fixed_source_is_as_sure_as_the_validation_part_lets_it_be():
    data, source = toys.sample(), source_of()
    given = transfer("fixed", source=source).course.validation_loss
    features = surgery.features(source.model)
    kernel, bias = fixed.nearest_mean(predict(features, data.train.x), data.train.y, 3)
    logits = predict(features, data.validation.x) @ kernel + bias
    for factor in np.geomspace(1e-3, 1e3, 61):
        scaled = factor * logits.astype(np.float64)
        of_label = scaled[np.arange(len(scaled)), data.validation.y]
        assert given <= (np.logaddexp.reduce(scaled, axis=1) - of_label).mean() + 1e-4


def test_fixed_uses_the_sources_own_logits_where_it_knows_the_classes():
    source, data = toys.source(("c", "z", "a", "b")), toys.sample()
    logits = predict(source.model, data.validation.x)[:, [2, 3, 0]]
    result = transfer("fixed", source=source)
    np.testing.assert_array_equal(predict(result.model, data.validation.x), logits)


def test_an_outcome_says_where_a_method_started_and_what_of_its_settings_is_on() -> None:
    settings = settings_of("fine-tuning")
    told = about("fine-tuning", settings, "supervised")
    assert (told["source"], told["control"], told["uses_source"]) == ("supervised", CONTROL, True)
    assert told["settings"]["rates"] == settings.rates
    assert "mixup" not in told["settings"], "it is off"
    for control in ("scratch", "scratch-tuned", "tf-idf"):
        told = about(control, settings, "supervised")
        assert (told["source"], told["control"], told["uses_source"]) == (None, None, False)
