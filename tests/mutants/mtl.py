"""Mistakes in multi-task learning and in Δp, each with the test that is to see it."""

from tests.mutants import Mutant

_PLAIN = "tests/tasks/test_mtl.py::test_"
_BALANCE = "tests/tasks/test_mtl_balance.py::test_"
_PCGRAD = "tests/tasks/test_mtl_pcgrad.py::test_"
_DELTA = "tests/tasks/test_multitask.py::test_"

_SHARED = "tasks/mtl/shared.py"
_HARD = "tasks/mtl/hard_sharing.py"
_EQUAL = "tasks/mtl/equal_weights.py"
_SINGLE = "tasks/mtl/single_task.py"
_JOINT = "tasks/mtl/joint.py"
_UNCERTAINTY = "tasks/mtl/uncertainty.py"
_GRADNORM = "tasks/mtl/gradnorm.py"
_PROJECTED = "tasks/mtl/pcgrad.py"
_DWA = "tasks/mtl/dwa.py"
_EVALUATE = "tasks/evaluate/multitask.py"

_SUM = f"{_PLAIN}the_loss_is_cross_entropy_plus_the_weighted_mean_squared_error"
_BOTH = f"{_PLAIN}the_joint_loss_is_the_targets_cross_entropy_plus_the_weighted_one_of_the_source"
_ALONE = f"{_PLAIN}the_auxiliary_network_of_single_task_is_a_regression_alone"
_FORM = f"{_BALANCE}the_classification_form_has_twice_the_weight"
_STEP = f"{_BALANCE}the_weights_take_one_step_down_the_papers_loss_and_keep_their_sum"
_SETTLED = f"{_BALANCE}norms_settle_where_they_are_equal_or_where_the_lagging_task_leads_by_its_ratio"
_TWO, _THREE = (
    f"{_PCGRAD}two_gradients_lose_what_contradicts_the_other",
    f"{_PCGRAD}three_tasks_are_projected_one_after_another_in_an_order_that_the_seed_decides",
)
_AVERAGE = f"{_BALANCE}weights_are_a_softmax_of_loss_ratios_times_the_number_of_tasks"
_THIRD = f"{_BALANCE}two_epochs_have_equal_weights_and_the_third_weighs_by_their_losses"
_GAIN = f"{_DELTA}it_is_the_mean_relative_gain_in_accuracy_and_loss_of_error"
_DRAWN = f"{_DELTA}its_variance_is_that_over_test_parts_drawn_anew"

MUTANTS: tuple[Mutant, ...] = (
    # what all share
    Mutant(_SHARED, "tf.reduce_mean(tf.math.squared_difference", "tf.reduce_sum(tf.math.squared_difference", _SUM),
    Mutant(_SHARED, "quantities(features)}", "quantities(keras.ops.stop_gradient(features))}", f"{_PLAIN}the_trunk_feels_both_tasks_and_each_head_its_own"),
    Mutant(_SHARED, "return weights[0] * tasks[0] + weights[1]", "return weights[1] * tasks[0] + weights[0]", f"{_BALANCE}the_first_weight_of_the_memory_is_the_classs_and_none_of_them_is_learnt"),
    # hard-sharing
    Mutant(_HARD, "label + self.weight * auxiliary", "self.weight * label + auxiliary", _SUM),
    Mutant(_HARD, "label + self.weight * auxiliary", "(1 - self.weight) * label + self.weight * auxiliary", _SUM),
    Mutant(_HARD, "label + self.weight * auxiliary", "label + self.weight**2 * auxiliary", _SUM),
    # equal-weights
    Mutant(_EQUAL, "return label + auxiliary", "return label", _SUM),
    Mutant(_EQUAL, "return label + auxiliary", "return (label + auxiliary) / 2", _SUM),
    Mutant(_EQUAL, "return label + auxiliary", "return label - auxiliary", _SUM),
    # single-task
    Mutant(_SINGLE, "branch.set_weights(auxiliary.get_weights())", "pass", _ALONE),
    Mutant(_SINGLE, "quantities, seed, AUXILIARY)", "quantities, seed + 1, AUXILIARY)", _ALONE),
    Mutant(_SINGLE, "objective=regression,", "objective=lambda m, b: -regression(m, b),", _ALONE),
    # joint
    Mutant(_JOINT, "target + self.weight * cross_entropy", "target - self.weight * cross_entropy", _BOTH),
    Mutant(_JOINT, "training=True)[SOURCE]", "training=True)[HEAD]", _BOTH),
    Mutant(_JOINT, "target + self.weight * cross_entropy", "self.weight * target + cross_entropy", _BOTH),
    # uncertainty
    Mutant(_UNCERTAINTY, "precisions[1] / 2 * auxiliary", "precisions[1] * auxiliary", _FORM),
    Mutant(_UNCERTAINTY, "tf.exp(-log_variances)", "tf.exp(log_variances)", _FORM),
    Mutant(_UNCERTAINTY, "tf.reduce_sum(log_variances) / 2", "tf.reduce_sum(log_variances)", f"{_BALANCE}the_best_variances_are_twice_the_cross_entropy_and_the_squared_error"),
    Mutant(_UNCERTAINTY, "precisions[0] * label + precisions[1]", "precisions[1] * label + precisions[0]", _FORM),
    # gradnorm
    Mutant(_GRADNORM, "rate * tf.sign(scaled - target)", "rate * tf.sign(target - scaled)", _STEP),
    Mutant(_GRADNORM, "(ratios / tf.reduce_mean(ratios)) **", "(tf.reduce_mean(ratios) / ratios) **", _SETTLED),
    Mutant(_GRADNORM, "scaled = weights * norms", "scaled = norms", _SETTLED),
    Mutant(_GRADNORM, "(moved.shape[0] / tf.reduce_sum(moved))", "1.0", _STEP),
    Mutant(_GRADNORM, "tf.sign(scaled - target) * norms", "tf.sign(scaled - target)", _STEP),
    Mutant(_GRADNORM, "network.hidden[-1]", "network.hidden[0]", f"{_BALANCE}norms_are_those_of_the_unweighted_losses_at_the_last_shared_layer_against_losses_before_training"),
    # pcgrad
    Mutant(_PROJECTED, "overlap < 0, other != task", "overlap > 0, other != task", _TWO),
    Mutant(_PROJECTED, "own -= share", "own += share", _TWO),
    Mutant(_PROJECTED, "squares[other]), tf", "tf.sqrt(squares[other])), tf", _TWO),
    Mutant(_PROJECTED, "overlap = tf.tensordot(own,", "overlap = tf.tensordot(gradients[task],", _THREE),
    Mutant(_PROJECTED, "stateless_fold_in(seed, task)", "stateless_fold_in(seed, 0)", _THREE),
    Mutant(_PROJECTED, "tf.reduce_sum(project", "tf.reduce_mean(project", f"{_PCGRAD}the_trunk_gets_the_sum_of_projected_gradients_as_one_vector_and_the_heads_their_plain_ones"),
    # dwa
    Mutant(_DWA, "last / before / temperature", "before / last / temperature", _AVERAGE),
    Mutant(_DWA, "last / before / temperature", "last / before * temperature", _AVERAGE),
    Mutant(_DWA, "last.shape[0] * tf.nn", "tf.nn", _AVERAGE),
    Mutant(_DWA, 'tf.cast(tf.shape(batch["y"])[0], tf.float32) * tf.stack', "8.0 * tf.stack", f"{_BALANCE}an_epochs_loss_is_the_mean_over_samples_and_not_over_batches"),
    Mutant(_DWA, "epoch > 1, weights_of", "epoch > 2, weights_of", _THIRD),
    Mutant(_DWA, "tf.zeros_like(sums), last]", "sums, last]", _THIRD),
    # Δp
    Mutant(_EVALUATE, "-1 if task.lower_is_better else 1", "1", _GAIN),
    Mutant(_EVALUATE, "ours / base - 1", "1 - base / ours", _GAIN),
    Mutant(_EVALUATE, "task.values - ours / base * task.control", "task.values - task.control", _DRAWN),
    Mutant(_EVALUATE, "drawn.mean(axis=0).var(ddof=1) / drawn.shape[1]", "drawn.var(ddof=1) / drawn.shape[1]", _DRAWN),
    Mutant(_EVALUATE, 'auxiliary - np.array(scaling["shift"])', "auxiliary", f"{_DELTA}the_auxiliary_error_is_in_the_deviations_of_each_repeats_training_part"),
)  # fmt: skip
