"""Mistakes in the loop that all methods train in."""

from tests.mutants import Mutant

_TRACED, _LOOP = "tasks/common/traced.py", "tasks/common/loop.py"
_TESTS = "tests/tasks/test_loop.py::test_"
_DESCENT = f"{_TESTS}an_epoch_is_gradient_descent_on_the_batches_in_their_order"
_BEST = f"{_TESTS}best_keeps_the_epoch_with_the_lowest_validation_loss"
_PRECISION = "tests/tasks/test_precision.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(_TRACED, "        steps = -(-samples // self._batch)", "        steps = samples // self._batch", _DESCENT),
    Mutant(_TRACED, "(number + 1) * self._batch)", "samples)", _DESCENT),
    Mutant(_TRACED, "better = validation_loss < best", "better = validation_loss > best", _BEST),
    Mutant(_TRACED, "tf.where(better, validation_loss, best)", "best", _BEST),
    Mutant(_TRACED, "tf.cast(before + number,", "tf.cast(number,", f"{_TESTS}progress_runs_through_each_phase_and_every_step_has_a_seed_of_its_own"),
    Mutant(_TRACED, "tf.stack([seed, number])", "tf.stack([seed, 0])", f"{_TESTS}progress_runs_through_each_phase_and_every_step_has_a_seed_of_its_own"),
    Mutant(_TRACED, "return loss * tf.cast(tf.shape(batch[\"x\"])[0], tf.float32)", "return loss * self._batch", f"{_TESTS}the_loss_of_an_epoch_is_the_samples_mean"),
    Mutant(_TRACED, "variable.assign(keras.ops.zeros_like(variable))", "pass", f"{_TESTS}a_loop_that_is_used_again_gives_the_bytes_of_a_fresh_one"),
    Mutant(_LOOP, "            first = numbers.stop\n", "            first = numbers.stop + 1\n", f"{_TESTS}a_training_of_many_calls_is_the_same_as_one_of_a_single_call"),
    Mutant("tasks/common/pace.py", "return max(1, self._steps // steps)", "return max(1, self._steps)", f"{_TESTS}a_call_has_the_epochs_of_about_two_seconds_and_one_at_least"),
    Mutant("tasks/common/pace.py", "        self._said = now\n", "", f"{_TESTS}a_long_training_says_now_and_then_how_far_it_is"),
    Mutant(_LOOP, "if course.epoch else weights", "", f"{_TESTS}training_that_harms_from_the_start_is_undone"),
    Mutant(_LOOP, "twin(model, runtime.precision())", "keras.models.clone_model(model)", f"{_PRECISION}a_network_learns_in_bfloat16_and_keeps_its_weights_in_float32[dense]"),
    Mutant("tasks/models/precision.py", "layer.name not in whole and ", "", f"{_PRECISION}a_loss_of_features_gets_them_in_float32"),
    Mutant("tasks/models/precision.py", "not isinstance(layer, WHOLE) and ", "", f"{_PRECISION}all_but_what_losses_see_computes_in_bfloat16[embedding]"),
)  # fmt: skip
