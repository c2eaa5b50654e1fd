"""Fine-tuning of everything, at one rate, step by step, at a rate a layer, or from a probe."""

import numpy as np
import pytest

from tasks.common import training
from tasks.common.errors import UserError
from tasks.common.layers import unfrozen
from tasks.common.phases import Course, Phase
from tasks.common.stages import Source
from tasks.models import dense, surgery
from tasks.transfer import METHODS, lp_ft, progressive_unfreezing
from tests.tasks import toys
from tests.tasks.transferring import (
    NORMALISED,
    SEED,
    WHOLE,
    changed,
    settings_of,
    source_of,
    start_of,
    transfer,
)

# full-fine-tuning


def test_full_fine_tuning_from_fresh_weights_is_scratch_bit_for_bit():
    untrained = Source(dense.build(toys.NETWORK, (5,), 2, SEED), ("x", "y"))
    tuned, plain = transfer("full-fine-tuning", source=untrained), transfer("scratch-tuned")
    assert toys.same(tuned.model, plain.model)
    assert tuned.course.rows == plain.course.rows


def test_full_fine_tuning_is_fine_tuning_of_all_layers_without_a_head_phase_bit_for_bit():
    tuned = transfer("fine-tuning", head_epochs=0, slowdown=1.0, layers="all")
    assert toys.same(transfer("full-fine-tuning").model, tuned.model)


def test_full_fine_tuning_moves_every_weight_and_every_statistic():
    source = source_of(NORMALISED)
    result = transfer("full-fine-tuning", network=NORMALISED, source=source)
    every = {f"{layer.name}/{v.name}" for layer in result.model.layers for v in layer.weights}
    # Biases before a batch mean that is subtracted have no gradient but rounding.
    assert every - changed(start_of(source), result.model) <= {"hidden-1/bias", "hidden-2/bias"}
    assert result.moved == result.model.count_params()


@pytest.mark.parametrize("change", [{"epochs": 5}, {"rates": [0.05]}, {"optimizer": "momentum"}])
def test_every_setting_of_full_fine_tuning_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("full-fine-tuning").model, transfer("full-fine-tuning", **change).model)


# progressive-unfreezing


def test_unfreezing_all_in_one_step_is_fine_tuning_bit_for_bit():
    """Its second phase is as long as its first, and slower by the decay."""
    stepped = transfer("progressive-unfreezing", steps=1, decay=0.5, epochs=4)
    tuned = transfer("fine-tuning", head_epochs=2, epochs=2, slowdown=0.5)
    assert toys.same(stepped.model, tuned.model)


def test_each_step_moves_one_group_more_at_a_rate_that_falls_by_the_decay():
    sets = [frozenset("h"), frozenset("hb"), frozenset("hba")]
    found = progressive_unfreezing.phases(0.8, 0.5, 11, sets)
    assert [(phase.rate, phase.epochs, phase.moving) for phase in found] == [
        (0.8, 3, sets[0]),
        (0.4, 3, sets[1]),
        (0.2, 5, sets[2]),
    ]


def test_layers_are_unfrozen_from_the_last_to_the_first():
    hidden = ["a", "b", "c", "d", "e"]
    assert unfrozen(hidden, "all") == [hidden[4:], hidden[3:], hidden[2:], hidden[1:], hidden]
    assert unfrozen(hidden, 2) == [hidden[3:], hidden]
    with pytest.raises(UserError, match="steps is 6; the network has 5 hidden layers"):
        unfrozen(hidden, 6)


def test_the_first_step_moves_the_head_alone_and_the_last_one_everything():
    source = source_of(NORMALISED)
    first = settings_of("progressive-unfreezing", epochs=3).model_copy(update={"decay": 1e-12})
    result = METHODS["progressive-unfreezing"](toys.sample(), source, NORMALISED, first, SEED)
    kernels = {name for name in changed(start_of(source), result.model) if name.endswith(("kernel", "gamma"))}
    assert kernels == {"head/kernel"}  # no step after the first is felt, but the statistics move at no rate
    result = transfer("progressive-unfreezing", network=NORMALISED, source=source)
    kernels = {name for name in changed(start_of(source), result.model) if name.endswith("kernel")}
    assert kernels == {"head/kernel", "hidden-2/kernel", "hidden-1/kernel"}
    assert result.moved == result.model.count_params()
    assert [row["phase"] for row in result.course.rows] == ["head"] * 2 + ["step 1"] * 2 + ["step 2"] * 2


@pytest.mark.parametrize("change", [{"steps": 1}, {"decay": 0.9}, {"epochs": 9}, {"rates": [0.05]}])
def test_every_setting_of_progressive_unfreezing_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("progressive-unfreezing").model, transfer("progressive-unfreezing", **change).model)


# discriminative-rates


def test_factor_one_is_full_fine_tuning_bit_for_bit():
    assert toys.same(transfer("discriminative-rates", factor=1.0).model, transfer("full-fine-tuning").model)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_layer_moves_by_the_factor_to_the_power_of_its_depth_less(optimizer: str):
    """η of a layer is η of the one above divided by 2.6: section 3.2. One step, so that gradients agree."""
    source = source_of()
    start, plain, slow = (
        start_of(source),
        transfer("full-fine-tuning", source=source, optimizer=optimizer, **WHOLE).model,
        transfer("discriminative-rates", source=source, optimizer=optimizer, **WHOLE).model,
    )
    for name, share in (("head", 1), ("hidden-2", 1 / 2.6), ("hidden-1", 1 / 2.6**2)):
        for before, full, part in zip(*(m.get_layer(name).get_weights() for m in (start, plain, slow)), strict=True):
            np.testing.assert_allclose(part - before, share * (full - before), atol=2e-7)
            assert np.abs(full - before).max() > 1e-3


def test_layers_that_are_slow_without_end_make_it_feature_extraction_bit_for_bit():
    assert toys.same(transfer("discriminative-rates", factor=1e12).model, transfer("feature-extraction").model)


def test_batch_normalisation_moves_as_slowly_as_its_layer():
    """Its scale and shift, that is; its statistics know no rate."""
    source = source_of(NORMALISED)
    start, plain, slow = (
        start_of(source),
        transfer("full-fine-tuning", network=NORMALISED, source=source, **WHOLE).model,
        transfer("discriminative-rates", network=NORMALISED, source=source, **WHOLE).model,
    )
    before, full, part = (model.get_layer("hidden-1-norm").get_weights() for model in (start, plain, slow))
    for k in (0, 1):
        np.testing.assert_allclose(part[k] - before[k], (full[k] - before[k]) / 2.6**2, atol=2e-7)
    for k in (2, 3):
        np.testing.assert_array_equal(part[k], full[k])


@pytest.mark.parametrize("change", [{"factor": 2.0}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_discriminative_rates_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("discriminative-rates").model, transfer("discriminative-rates", **change).model)


# lp-ft


def test_without_a_probe_it_is_full_fine_tuning_bit_for_bit():
    alone, tuned = (
        transfer("lp-ft", probe_epochs=0, rates=[0.001, 0.1]),
        transfer("full-fine-tuning", rates=[0.001, 0.1]),
    )
    assert tuned.rate == 0.1  # which is not the probe's, the first of equals
    assert toys.same(alone.model, tuned.model)
    assert (alone.course.rows, alone.rate) == (tuned.course.rows, tuned.rate)


def test_without_fine_tuning_it_is_feature_extraction_bit_for_bit():
    settings = settings_of("lp-ft").model_copy(update={"epochs": 0})
    probe = METHODS["lp-ft"](toys.sample(), source_of(), toys.NETWORK, settings, SEED)
    assert toys.same(probe.model, transfer("feature-extraction").model)


def test_fine_tuning_starts_from_the_best_probe():
    """Feature extraction, and then a training of everything from what came out, each at the best of its rates."""
    rates, data = [0.001, 0.3], toys.sample()
    result, probe = transfer("lp-ft", rates=rates), transfer("feature-extraction", rates=rates)
    model = surgery.copy(probe.model)
    parts = {"train": training.arrays(data.train), "validation": training.arrays(data.validation)}
    phases = [Phase("all", result.rate or 0, 4)]
    training.fit(model, phases, **parts, optimizer="sgd", batch=8, keep="last", seed=SEED)
    assert toys.same(result.model, model)
    assert result.notes == {"probe_rate": probe.rate}
    assert result.course.rows[:4] == probe.course.rows
    assert [row["epoch"] for row in result.course.rows] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert result.moved == model.count_params()


def test_the_epoch_kept_is_the_probes_where_fine_tuning_never_helped():
    rows = [{"epoch": 1, "x": "p"}, {"epoch": 2, "x": "p"}]
    probe, tuned = Course(rows, 1, 0.5, 0.8), Course([{"epoch": 1, "x": "t"}], 0, 0.5, 0.8)
    joined = lp_ft.joined(probe, tuned)
    assert (joined.epoch, [row["epoch"] for row in joined.rows]) == (1, [1, 2, 3])
    assert lp_ft.joined(probe, Course([{"epoch": 1, "x": "t"}], 1, 0.4, 0.9)).epoch == 3


@pytest.mark.parametrize("change", [{"probe_epochs": 2}, {"epochs": 5}, {"rates": [0.05]}])
def test_every_setting_of_lp_ft_changes_the_result(change: dict[str, object]):
    assert not toys.same(transfer("lp-ft").model, transfer("lp-ft", **change).model)
