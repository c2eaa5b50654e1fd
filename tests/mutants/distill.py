"""Mistakes in the distillation methods."""

from tests.mutants import Mutant

_HERE = "tasks/distill"
_TESTS = "tests/tasks/test_distill"

LOGITS = f"{_TESTS}.py"
INSIDE = f"{_TESTS}_teach.py"
FEATURES = f"{_TESTS}_features.py"
ATTENTION = f"{_TESTS}_attention.py"
RELATIONS = f"{_TESTS}_relations.py"
DECOUPLED = f"{_TESTS}_decoupled.py"
SELF = f"{_TESTS}_self.py"
UNLABELLED = f"{_TESTS}_unlabelled.py"
AUGMENTED = f"{_TESTS}_augmented.py"

_SOFT = f"{_HERE}/logits.py"
_LOOK = f"{_HERE}/inside.py"
_HINT = f"{_HERE}/features.py"
_MAPS = f"{_HERE}/attention.py"
_SHAPE = f"{_HERE}/relations.py"
_PARTS = f"{_HERE}/decoupled.py"
_BORN = f"{_HERE}/born_again.py"
_FURTHER = f"{_HERE}/unlabelled.py"
_MADE = f"{_HERE}/augmented.py"

MUTANTS = (
    # logits
    Mutant(_SOFT, "return temperature**2 * tf.reduce_mean(divergence)", "return tf.reduce_mean(divergence)", LOGITS),
    Mutant(_SOFT, "tf.reduce_mean(divergence)", "tf.reduce_sum(divergence)", LOGITS),
    Mutant(_SOFT, "tf.exp(teacher) * (teacher - student)", "tf.exp(student) * (student - teacher)", LOGITS),
    Mutant(_SOFT, "tf.stop_gradient(tf.nn.log_softmax(teacher / temperature))", "tf.nn.log_softmax(teacher / temperature)", LOGITS),
    Mutant(_SOFT, "student = tf.nn.log_softmax(student / temperature)", "student = tf.nn.log_softmax(student)", LOGITS),
    # what is inside
    Mutant(_LOOK, "f\"{name}-activation\" if f\"{name}-activation\" in names else name", "name", INSIDE),
    Mutant(_LOOK, "tf.reduce_mean(tf.square(maps), axis=-1)", "tf.reduce_mean(maps, axis=-1)", ATTENTION),
    Mutant(_LOOK, "return replace(result, model=student)", "return replace(result, model=result.model)", FEATURES),
    # features
    Mutant(_HINT, "0.5 * tf.reduce_mean", "tf.reduce_mean", FEATURES),
    Mutant(_HINT, "tf.stop_gradient(teacher)", "teacher", FEATURES),
    Mutant(_HINT, "outputs[PROJECTOR], batch", "tf.stop_gradient(outputs[PROJECTOR]), batch", FEATURES),
    Mutant(_HINT, "_named(inside.features(student), settings.guided", "_named(inside.features(student), settings.hint", FEATURES),
    # attention
    Mutant(_MAPS, "tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=[1, 2]))", "tf.reduce_sum(tf.square(difference))", ATTENTION),
    Mutant(_MAPS, "tf.math.l2_normalize(maps, axis=[1, 2])", "maps", ATTENTION),
    Mutant(_MAPS, "tf.math.l2_normalize(maps, axis=[1, 2])", "tf.math.l2_normalize(maps, axis=[0, 1, 2])", ATTENTION),
    Mutant(_MAPS, "tf.stop_gradient(_unit(teacher))", "_unit(teacher)", ATTENTION),
    Mutant(_MAPS, "self.weight / 2", "self.weight", ATTENTION),
    Mutant(_MAPS, "tf.add_n(losses)", "losses[-1]", ATTENTION),
    # relations
    Mutant(_SHAPE, "gaps = [_relative(_lengths(_differences(z)))", "gaps = [_lengths(_differences(z))", RELATIONS),
    Mutant(_SHAPE, "1 - tf.eye(count)", "tf.ones((count, count))", RELATIONS),
    Mutant(_SHAPE, "* different[None, :, :]", "", RELATIONS),
    Mutant(_SHAPE, "directions = tf.math.divide_no_nan(ways, _lengths(ways)[:, :, None])", "directions = ways", RELATIONS),
    Mutant(_SHAPE, "size - 0.5", "size", RELATIONS),
    Mutant(_SHAPE, "cosines = [_cosines(z) for z in (student, tf.stop_gradient(teacher))]", "cosines = [_cosines(z) for z in (student, teacher)]", RELATIONS),
    Mutant(_SHAPE, "tf.where(far, tf.sqrt(tf.where(far, squares, tf.ones_like(squares))), tf.zeros_like(squares))", "tf.sqrt(squares)", RELATIONS),
    # decoupled
    Mutant(_PARTS, "self.temperature**2 * tf", "tf", DECOUPLED),
    Mutant(_PARTS, "self.alpha * target + self.beta * others", "self.beta * target + self.alpha * others", DECOUPLED),
    Mutant(_PARTS, "_divergence(teacher_binary, student_binary), _divergence(teacher_others, student_others)", "_divergence(student_binary, teacher_binary), _divergence(student_others, teacher_others)", DECOUPLED),
    Mutant(_PARTS, "tf.reduce_logsumexp(others, axis=1, keepdims=True)", "tf.reduce_max(others, axis=1, keepdims=True)", DECOUPLED),
    Mutant(_PARTS, "tf.boolean_mask(logits, ~label)", "tf.boolean_mask(tf.nn.log_softmax(logits) * 2, ~label)", DECOUPLED),
    Mutant(_PARTS, "tf.stop_gradient(teacher) / temperature", "teacher / temperature", DECOUPLED),
    # self
    Mutant(_BORN, "predict(family[-1].model", "predict(family[0].model", SELF),
    Mutant(_BORN, "own = seed if number == settings.generations else seeds", "own = seeds", SELF),
    Mutant(_BORN, 'own = seed if number == settings.generations else seeds.derive(seed, "generation", number)', "own = seed", SELF),
    Mutant(_BORN, "settings.generations + 1", "settings.generations", SELF),
    Mutant(_BORN, "sum(one.trainings for one in family)", "family[-1].trainings", SELF),
    # unlabelled
    Mutant(_FURTHER, "soft_loss(logits[samples:]", "soft_loss(logits[:samples]", UNLABELLED),
    Mutant(_FURTHER, "(1 - self.weight) * hard + self.weight * soft", "hard + self.weight * soft", UNLABELLED),
    Mutant(_FURTHER, "cross_entropy(logits[:samples]", "cross_entropy(logits[samples:]", UNLABELLED),
    Mutant(_FURTHER, 'batch[f"{STREAM}_teacher"], temperature=self.temperature', 'batch[f"{STREAM}_teacher"], temperature=1.0', UNLABELLED),
    Mutant(_FURTHER, "train(sample, lesson.x, lesson.x_logits", "train(sample, sample.train.x, lesson.logits", UNLABELLED),
    # augmented
    Mutant(_MADE, "np.fill_diagonal(distances, np.inf)", "", AUGMENTED),
    Mutant(_MADE, "spread * np.abs(x - near)", "spread", AUGMENTED),
    Mutant(_MADE, "drawn = near +", "drawn = x +", AUGMENTED),
    Mutant(_MADE, "rng.random(shape) < swap", "rng.random(shape[:2])[:, :, None] < swap", AUGMENTED),
    Mutant(_MADE, "rng.random(shape) < swap", "rng.random(shape) > swap", AUGMENTED),
    Mutant(_MADE, "images = x * scaling.scale + scaling.shift", "images = x", AUGMENTED),
    Mutant(_MADE, "framed[i % len(images)", "framed[i // copies", AUGMENTED),
    Mutant(_MADE, "predict(lesson.teacher, x)", "np.tile(lesson.logits, (settings.copies, 1))", AUGMENTED),
)  # fmt: skip
