"""Mistakes in the loop that all methods train in."""

from tests.mutants import Mutant

_TRACED, _LOOP = "tasks/common/traced.py", "tasks/common/loop.py"
_TESTS = "tests/tasks/test_loop.py::test_"
_DESCENT = f"{_TESTS}an_epoch_is_gradient_descent_on_the_batches_in_their_order"
_BEST = f"{_TESTS}best_keeps_the_epoch_with_the_lowest_validation_loss"
_PRECISION = "tests/tasks/test_precision.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(_TRACED, "tf.range(-(-samples // self._batch))", "tf.range(samples // self._batch)", _DESCENT),
    Mutant(_TRACED, "(number + 1) * self._batch)", "samples)", _DESCENT),
    Mutant(_TRACED, "if validation_loss < best", "if validation_loss > best", _BEST),
    Mutant(_TRACED, "                best = validation_loss\n", "", _BEST),
    Mutant(_TRACED, "tf.cast(before + number,", "tf.cast(number,", f"{_TESTS}progress_runs_through_each_phase_and_every_step_has_a_seed_of_its_own"),
    Mutant(_TRACED, "tf.stack([seed, number])", "tf.stack([seed, 0])", f"{_TESTS}progress_runs_through_each_phase_and_every_step_has_a_seed_of_its_own"),
    Mutant(_TRACED, "return loss * tf.cast(tf.shape(batch[\"x\"])[0], tf.float32)", "return loss * self._batch", f"{_TESTS}the_loss_of_an_epoch_is_the_samples_mean"),
    Mutant(_TRACED, "variable.assign(keras.ops.zeros_like(variable))", "pass", f"{_TESTS}a_loop_that_is_used_again_gives_the_bytes_of_a_fresh_one"),
    Mutant(_LOOP, "number in range(first, min(first + most, phase.epochs))", "number in range(min(most, phase.epochs))", f"{_TESTS}a_training_of_many_calls_is_the_same_as_one_of_a_single_call"),
    Mutant(_LOOP, "if course.epoch else weights", "", f"{_TESTS}training_that_harms_from_the_start_is_undone"),
    Mutant(_LOOP, "twin(model, runtime.precision())", "keras.models.clone_model(model)", f"{_PRECISION}a_network_learns_in_bfloat16_and_keeps_its_weights_in_float32[dense]"),
    Mutant("tasks/models/precision.py", "layer.name not in whole and ", "", f"{_PRECISION}a_loss_of_features_gets_them_in_float32"),
    Mutant("tasks/models/precision.py", "not isinstance(layer, WHOLE) and ", "", f"{_PRECISION}all_but_what_losses_see_computes_in_bfloat16[embedding]"),
)  # fmt: skip
