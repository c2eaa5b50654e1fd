"""Mistakes in few-shot learning, each with the test that is to see it."""

from tests.mutants import Mutant

_SCORES = "tests/tasks/fewshot/test_fewshot_scores.py::test_"
_EPISODES = "tests/tasks/fewshot/test_fewshot_episodes.py::test_"
_VERDICT = "tests/tasks/fewshot/test_fewshot_verdict.py::test_"

_DRAW = "tasks/fewshot/episodes.py"
_GEOMETRY = "tasks/fewshot/geometry.py"
_PROTOTYPES = "tasks/fewshot/prototypes.py"
_MATCHING = "tasks/fewshot/matching.py"
_NEAREST = "tasks/fewshot/nearest.py"
_HEAD = "tasks/fewshot/fine_tuned.py"
_JUDGE = "tasks/fewshot/verdict.py"

_DEFINED = f"{_SCORES}prototypes_are_a_softmax_over_squared_distances_to_means"
_ATTENDED = f"{_SCORES}matching_adds_up_the_attention_to_the_samples_of_a_class"
_DESCENT = f"{_SCORES}the_head_is_gradient_descent_on_its_weights"
_ONCE = f"{_EPISODES}an_episode_has_its_classes_once_and_no_sample_twice"
_DEALT = f"{_EPISODES}dealt_samples_are_of_their_class_and_never_support_and_query_at_once"

MUTANTS: tuple[Mutant, ...] = (
    # episodes
    Mutant(_DRAW, "chosen[:, :, None] * samples + order", "chosen[:, :, None] + order", _ONCE),
    Mutant(_DRAW, "rows[:, :, :shots], rows[:, :, shots:]", "rows[:, :, :shots], rows[:, :, 1:]", _ONCE),
    Mutant(_DRAW, "dealt[:, :shots], dealt[:, shots:]", "dealt[:, :shots], dealt[:, :queries]", _DEALT),
    Mutant(_DRAW, "tf.repeat(tf.range(ways), queries)", "tf.tile(tf.range(ways), [queries])", f"{_EPISODES}the_objective_is_the_cross_entropy_of_one_episode_of_the_batch"),
    # prototypes
    Mutant(_PROTOTYPES, "return -squared_distances", "return -0.5 * squared_distances", _DEFINED),
    Mutant(_PROTOTYPES, "tf.reduce_mean(support, axis=2)", "tf.reduce_sum(support, axis=2)", _DEFINED),
    Mutant(_GEOMETRY, "lengths - 2 * tf.matmul", "lengths - tf.matmul", _DEFINED),
    # matching
    Mutant(_MATCHING, "tf.reduce_logsumexp(likeness", "tf.reduce_mean(likeness", _ATTENDED),
    Mutant(_MATCHING, "self.scale * cosines", "cosines", _ATTENDED),
    Mutant(_GEOMETRY, "tf.math.l2_normalize(right, axis=-1)", "right", _ATTENDED),
    # nearest
    Mutant(_NEAREST, "tf.reduce_min(distances", "tf.reduce_max(distances", f"{_SCORES}nearest_is_the_nearest_sample_of_each_class"),
    # the fine-tuned baseline's head
    Mutant(_HEAD, "+ self.decay * held", "- self.decay * held", _DESCENT),
    Mutant(_HEAD, " - y) / rows", " - y)", _DESCENT),
    Mutant(_HEAD, "speed = self.momentum * speed + slope", "speed = slope", _DESCENT),
    Mutant(_HEAD, "tf.matmul(tf.matmul(query, x, transpose_b=True) + 1, held)", "tf.matmul(tf.matmul(query, x, transpose_b=True), held)", _DESCENT),
    # the verdict
    Mutant(_JUDGE, "/ whole.shape[1])", ")", f"{_VERDICT}with_trainings_that_agree_the_interval_is_the_usual_one_over_episodes"),
    Mutant(_JUDGE, "of_episodes(values - others)", "of_episodes(values) + of_episodes(others)", f"{_VERDICT}the_intervals_hold_the_truth_as_often_as_they_say"),
    Mutant(_JUDGE, "of_mean(values.mean(axis=1), of_episodes(values))", "of_mean(values.mean(axis=1))", f"{_VERDICT}the_intervals_hold_the_truth_as_often_as_they_say"),
)  # fmt: skip
