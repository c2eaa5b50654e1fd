"""Transfer methods: who moves, what they reduce to, and that the source stays as it was."""

import numpy as np
import pytest

from tasks.common.errors import UserError
from tasks.common.objectives import predict
from tasks.common.schema.base import Nothing
from tasks.common.schema.transfer import FineTuning
from tasks.common.stages import Source
from tasks.models import dense, surgery
from tasks.transfer import METHODS, feature_extraction, fine_tuning, fixed, scratch
from tests.tasks import toys

SEED = 3


def settings_of(method: str, **changes: object):
    """Settings that suit a method."""
    if method == "fixed":
        return Nothing()
    if method == "fine-tuning":
        extra = {"head_epochs": 2, "slowdown": 0.5, "layers": "all"}
        return FineTuning.model_validate(toys.TRAINING | extra | changes)
    return toys.training(**changes)


def fine_tuned(source: Source, **changes: object):
    return fine_tuning.run(toys.sample(), source, toys.NETWORK, settings_of("fine-tuning", **changes), SEED)


@pytest.mark.parametrize("method", METHODS)
def test_the_source_keeps_its_bits_and_a_repeat_gives_the_same_model(method: str):
    source, twin = toys.source(), toys.source()
    first, again = (METHODS[method](toys.sample(), source, toys.NETWORK, settings_of(method), SEED) for _ in range(2))
    assert toys.same(source.model, twin.model)
    assert toys.same(first.model, again.model)


@pytest.mark.parametrize("method", [method for method in METHODS if not method.startswith("scratch")])
def test_another_source_gives_another_model(method: str):
    one, other = toys.source(seed=7), toys.source(seed=8)
    models = [
        METHODS[method](toys.sample(), source, toys.NETWORK, settings_of(method), SEED) for source in (one, other)
    ]
    assert not toys.same(models[0].model, models[1].model)


def test_fine_tuning_from_fresh_weights_without_a_head_phase_is_scratch_bit_for_bit():
    """Limits: a source that learnt nothing, no head phase, no slowdown."""
    untrained = Source(dense.build(toys.NETWORK, (5,), 2, SEED), ("x", "y"))
    tuned = fine_tuned(untrained, head_epochs=0, slowdown=1.0)
    plain = scratch.run(toys.sample(), untrained, toys.NETWORK, toys.training(), SEED)
    assert toys.same(tuned.model, plain.model)
    assert tuned.moved == plain.moved == plain.model.count_params()


def test_fine_tuning_without_its_second_phase_is_feature_extraction_bit_for_bit():
    source = toys.source()
    settings = settings_of("fine-tuning", head_epochs=4).model_copy(update={"epochs": 0})
    tuned = fine_tuning.run(toys.sample(), source, toys.NETWORK, settings, SEED)
    extracted = feature_extraction.run(toys.sample(), source, toys.NETWORK, toys.training(), SEED)
    assert toys.same(tuned.model, extracted.model)


def test_feature_extraction_moves_the_head_alone():
    source = toys.source()
    model = feature_extraction.run(toys.sample(), source, toys.NETWORK, toys.training(), SEED).model
    for layer in surgery.hidden_layers(source.model):
        kept = model.get_layer(layer.name).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), kept, strict=True))
    fresh = surgery.with_new_head(source.model, 3, SEED)
    assert not np.array_equal(fresh.get_layer("head").get_weights()[0], model.get_layer("head").get_weights()[0])


@pytest.mark.parametrize(("layers", "frozen"), [("all", []), (1, ["hidden-1"]), (["hidden-1"], ["hidden-2"])])
def test_fine_tuning_moves_the_chosen_layers(layers: object, frozen: list[str]):
    source = toys.source()
    result = fine_tuned(source, layers=layers)
    for layer in surgery.hidden_layers(source.model):
        after = result.model.get_layer(layer.name).get_weights()[0]
        assert np.array_equal(layer.get_weights()[0], after) == (layer.name in frozen)
    counted = {"hidden-1": 48, "hidden-2": 54}
    assert result.moved == 21 + sum(count for name, count in counted.items() if name not in frozen)


@pytest.mark.parametrize(
    "change", [{"head_epochs": 1}, {"slowdown": 0.1}, {"epochs": 5}, {"rates": [0.05]}, {"batch": 4}]
)
def test_every_setting_of_fine_tuning_changes_the_result(change: dict[str, object]):
    assert not toys.same(fine_tuned(toys.source()).model, fine_tuned(toys.source(), **change).model)


@pytest.mark.parametrize("layers", [["hidden-9"], ["head"], 3])
def test_layers_that_do_not_exist_are_refused_with_those_that_do(layers: object):
    with pytest.raises(UserError, match=r"fine-tuning.layers .* the network has (hidden-1, hidden-2|2 hidden layers)"):
        fine_tuned(toys.source(), layers=layers)


def test_fixed_gives_each_sample_the_class_with_the_nearest_mean_feature():
    source, data = toys.source(), toys.sample()
    features = surgery.features(source.model)
    train, held_out = predict(features, data.train.x), predict(features, data.validation.x)
    means = np.stack([train[data.train.y == label].mean(axis=0) for label in range(3)])
    nearest = ((held_out[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    result = fixed.run(data, source, toys.NETWORK, Nothing(), SEED)
    assert np.array_equal(predict(result.model, data.validation.x).argmax(axis=1), nearest)
    assert result.course.validation_accuracy == pytest.approx((nearest == data.validation.y).mean())
    assert (result.moved, result.trainings) == (0, 0)


def test_fixed_uses_the_sources_own_logits_where_it_knows_the_classes():
    source, data = toys.source(("c", "z", "a", "b")), toys.sample()
    logits = predict(source.model, data.validation.x)[:, [2, 3, 0]]
    result = fixed.run(data, source, toys.NETWORK, Nothing(), SEED)
    np.testing.assert_array_equal(predict(result.model, data.validation.x), logits)
