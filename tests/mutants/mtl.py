"""Mistakes in multi-task learning."""

from tests.mutants import Mutant

PLAIN, BALANCE, PCGRAD = (f"tests/tasks/{name}.py" for name in ("test_mtl", "test_mtl_balance", "test_mtl_pcgrad"))
DELTA = "tests/tasks/test_multitask.py"
HARD, EQUAL, SINGLE, JOINT, UNCERTAINTY, GRADNORM, PROJECTED, DWA = (
    f"tasks/mtl/{name}.py"
    for name in (
        "hard_sharing",
        "equal_weights",
        "single_task",
        "joint",
        "uncertainty",
        "gradnorm",
        "pcgrad",
        "dwa",
    )
)
SHARED, EVALUATE = "tasks/mtl/shared.py", "tasks/evaluate/multitask.py"

MUTANTS: tuple[Mutant, ...] = (
    # What all share
    Mutant(SHARED, "tf.reduce_mean(tf.math.squared_difference", "tf.reduce_sum(tf.math.squared_difference", PLAIN),
    Mutant(SHARED, "quantities(features)}", "quantities(keras.ops.stop_gradient(features))}", PLAIN),
    Mutant(SHARED, "return weights[0] * tasks[0] + weights[1]", "return weights[1] * tasks[0] + weights[0]", BALANCE),
    # hard-sharing
    Mutant(HARD, "label + self.weight * auxiliary", "self.weight * label + auxiliary", PLAIN),
    Mutant(HARD, "label + self.weight * auxiliary", "(1 - self.weight) * label + self.weight * auxiliary", PLAIN),
    Mutant(HARD, "label + self.weight * auxiliary", "label + self.weight**2 * auxiliary", PLAIN),
    # equal-weights
    Mutant(EQUAL, "return label + auxiliary", "return label", PLAIN),
    Mutant(EQUAL, "return label + auxiliary", "return (label + auxiliary) / 2", PLAIN),
    Mutant(EQUAL, "return label + auxiliary", "return label - auxiliary", PLAIN),
    # single-task
    Mutant(SINGLE, "branch.set_weights(auxiliary.get_weights())", "pass", PLAIN),
    Mutant(SINGLE, "criterion=held_out_error,", "criterion=lambda m, h: (-held_out_error(m, h)[0], 0.0),", PLAIN),
    Mutant(SINGLE, "quantities, seed, AUXILIARY)", "quantities, seed + 1, AUXILIARY)", PLAIN),
    Mutant(SINGLE, "input_tensors=label.input, clone_function", "clone_function", PLAIN),
    # joint
    Mutant(JOINT, "target + self.weight * cross_entropy", "target - self.weight * cross_entropy", PLAIN),
    Mutant(JOINT, "training=True)[SOURCE]", "training=True)[HEAD]", PLAIN),
    Mutant(JOINT, "target + self.weight * cross_entropy", "self.weight * target + cross_entropy", PLAIN),
    Mutant(JOINT, "found.model.output[HEAD]", "found.model.output[SOURCE]", PLAIN),
    # uncertainty
    Mutant(UNCERTAINTY, "precisions[1] / 2 * auxiliary", "precisions[1] * auxiliary", BALANCE),
    Mutant(UNCERTAINTY, "tf.exp(-log_variances)", "tf.exp(log_variances)", BALANCE),
    Mutant(UNCERTAINTY, "tf.reduce_sum(log_variances) / 2", "tf.reduce_sum(log_variances)", BALANCE),
    Mutant(UNCERTAINTY, "precisions[0] * label + precisions[1]", "precisions[1] * label + precisions[0]", BALANCE),
    # gradnorm
    Mutant(GRADNORM, "rate * tf.sign(scaled - target)", "rate * tf.sign(target - scaled)", BALANCE),
    Mutant(GRADNORM, "(ratios / tf.reduce_mean(ratios)) **", "(tf.reduce_mean(ratios) / ratios) **", BALANCE),
    Mutant(GRADNORM, "scaled = weights * norms", "scaled = norms", BALANCE),
    Mutant(GRADNORM, "(moved.shape[0] / tf.reduce_sum(moved))", "1.0", BALANCE),
    Mutant(GRADNORM, "tf.sign(scaled - target) * norms", "tf.sign(scaled - target)", BALANCE),
    Mutant(GRADNORM, "network.hidden[-1]", "network.hidden[0]", BALANCE),
    # pcgrad
    Mutant(PROJECTED, "overlap < 0, other != task", "overlap > 0, other != task", PCGRAD),
    Mutant(PROJECTED, "own -= share", "own += share", PCGRAD),
    Mutant(PROJECTED, "squares[other]), tf", "tf.sqrt(squares[other])), tf", PCGRAD),
    Mutant(PROJECTED, "overlap = tf.tensordot(own,", "overlap = tf.tensordot(gradients[task],", PCGRAD),
    Mutant(PROJECTED, "if id(variable) not in heads", "", PCGRAD),
    Mutant(PROJECTED, "stateless_fold_in(seed, task)", "stateless_fold_in(seed, 0)", PCGRAD),
    # dwa
    Mutant(DWA, "last / before / temperature", "before / last / temperature", BALANCE),
    Mutant(DWA, "last / before / temperature", "last / before * temperature", BALANCE),
    Mutant(DWA, "len(last) * powers", "powers", BALANCE),
    Mutant(DWA, 'tf.cast(tf.shape(batch["y"])[0], tf.float32) * tf.stack', "8.0 * tf.stack", BALANCE),
    Mutant(DWA, "if epoch > 1:", "if epoch > 2:", BALANCE),
    Mutant(DWA, "np.zeros_like(sums), last]", "sums, last]", BALANCE),
    # Δp
    Mutant(EVALUATE, "-1 if task.lower_is_better else 1", "1", DELTA),
    Mutant(EVALUATE, "ours / base - 1", "1 - base / ours", DELTA),
    Mutant(EVALUATE, "task.values - ours / base * task.control", "task.values - task.control", DELTA),
    Mutant(EVALUATE, 'auxiliary - np.array(scaling["shift"])', "auxiliary", DELTA),
    Mutant(EVALUATE, "drawn.mean(axis=0).var(ddof=1) / drawn.shape[1]", "drawn.var(ddof=1) / drawn.shape[1]", DELTA),
)  # fmt: skip
