"""Plausible mistakes in the ways to train a source model."""

from tests.mutants import Mutant

VIEWS = "tasks/common/views.py", "tests/tasks/test_views.py"
SHARED = "tasks/pretrain/pretext.py", "tests/tasks/test_pretrain.py"
RECONSTRUCTION = "tasks/pretrain/reconstruction.py", "tests/tasks/test_pretrain_reconstruction.py"
DENOISING = "tasks/pretrain/denoising.py", RECONSTRUCTION[1]
MASKED = "tasks/pretrain/masked.py", RECONSTRUCTION[1]
AUTOENCODER = "tasks/pretrain/autoencoder.py", RECONSTRUCTION[1]
AUXILIARY = "tasks/pretrain/auxiliary.py", RECONSTRUCTION[1]
GREEDY = "tasks/pretrain/greedy.py", "tests/tasks/test_pretrain_greedy.py"
CONTRASTIVE = "tasks/pretrain/contrastive.py", "tests/tasks/test_pretrain_contrastive.py"
ROTATION = "tasks/pretrain/rotation.py", "tests/tasks/test_pretrain_rotation.py"


def mutant(place: tuple[str, str], old: str, new: str) -> Mutant:
    return Mutant(place[0], old, new, place[1])


MUTANTS: tuple[Mutant, ...] = (
    # autoencoder, and what it shares with denoising and masking
    mutant(RECONSTRUCTION, "loss, variance = tf.reduce_mean(error)", "loss, variance = tf.reduce_sum(error)"),
    mutant(RECONSTRUCTION, "reversed(network.units[:-1])", "network.units[:-1]"),
    mutant(AUTOENCODER, "Reconstruct()", 'Reconstruct("gaussian", 0.1)'),
    # denoising
    mutant(
        RECONSTRUCTION,
        "squared_error(model(given, training=training), x,",
        "squared_error(model(given, training=training), given,",
    ),
    mutant(RECONSTRUCTION, "model(given, training=training)", "model(x, training=training)"),
    mutant(RECONSTRUCTION, "tf.where(changed, tf.zeros_like(x), x)", "tf.where(changed, x, tf.zeros_like(x))"),
    mutant(RECONSTRUCTION, "tf.where(changed, 1.0, 1 - self.emphasis)", "tf.where(changed, 1 - self.emphasis, 1.0)"),
    mutant(DENOISING, "settings.amount, settings.emphasis", "settings.amount"),
    # masked
    mutant(MASKED, "emphasis=1.0, ", ""),
    mutant(MASKED, ", patch=settings.patch", ""),
    mutant(
        RECONSTRUCTION,
        "tf.reduce_sum(weight * values), tf.reduce_sum(weight)",
        "tf.reduce_sum(weight * values), tf.cast(tf.size(weight), weight.dtype)",
    ),
    # auxiliary
    mutant(AUXILIARY, 'batch["auxiliary"])', 'batch["auxiliary"][:, :1])'),
    mutant(AUXILIARY, 'model(batch["x"], training=training)', 'tf.stop_gradient(model(batch["x"], training=training))'),
    mutant(AUXILIARY, "pretext.linear(quantities, seed)", "pretext.linear(quantities, seed + 1)"),
    # greedy
    mutant(
        GREEDY, "        sample = replace(sample, train=_seen(encoder", "        replace(sample, train=_seen(encoder"
    ),
    mutant(GREEDY, 'Reconstruct("masking", settings.masking)', 'Reconstruct("masking", 0.0)'),
    mutant(GREEDY, "_decoded(signal, entry.shape, seed), name", "_decoded(signal, entry.shape, seed + 1), name"),
    mutant(GREEDY, "found.model.get_layer(block[-1].name).output", "found.model.get_layer(block[0].name).output"),
    mutant(GREEDY, "height, width, interpolation", "2 * (height // 2), 2 * (width // 2), interpolation"),
    # contrastive
    mutant(CONTRASTIVE, "tf.math.l2_normalize(tf.concat([left, right], 0), axis=1)", "tf.concat([left, right], 0)"),
    mutant(CONTRASTIVE, "transpose_b=True) / temperature", "transpose_b=True) * temperature"),
    mutant(CONTRASTIVE, "tf.fill([2 * count], similarity.dtype.min)", "tf.linalg.diag_part(similarity)"),
    mutant(
        CONTRASTIVE, "tf.concat([left, right], 0), axis=1)", "tf.concat([left, tf.stop_gradient(right)], 0), axis=1)"
    ),
    mutant(
        CONTRASTIVE,
        "return x, views.resampled(",
        "return views.resampled(x, views.fold(seed, 9), settings.corruption, pool), views.resampled(",
    ),
    mutant(CONTRASTIVE, "_view(x, views.fold(seed, 0), settings), ", "_view(x, views.fold(seed, 1), settings), "),
    mutant(
        CONTRASTIVE,
        'part(batch["x"]) if training else pretext.in_blocks(part, batch["x"], self.block)',
        'part(batch["x"])',
    ),
    # rotation
    mutant(
        ROTATION,
        "tf.repeat(tf.range(QUARTERS), tf.shape(images)[0])",
        "tf.tile(tf.range(QUARTERS), [tf.shape(images)[0]])",
    ),
    mutant(ROTATION, "for quarters in range(QUARTERS)", "for quarters in (0, 1, 2, 1)"),
    mutant(
        ROTATION,
        "logits = model(turned, training=training)",
        "logits = model(tf.concat([images] * 4, 0), training=training)",
    ),
    # what all share
    mutant(SHARED, '"seed": tf.constant(VALIDATION_SEED)', '"seed": tf.random.uniform((2,), 0, 99, tf.int32)'),
    mutant(SHARED, "layer.set_weights(found.model.get_layer(layer.name).get_weights())", "pass"),
    mutant(SHARED, "total += rest * tf.stack", "total += size * tf.stack"),
    # views
    mutant(VIEWS, "max(round(share * shape[1]), int(share > 0))", "round(share * shape[1]) - 1"),
    mutant(VIEWS, "fold(seed, 1), 0, tf.shape(pool)[0], tf.int32)", "fold(seed, 1), 0, 2, tf.int32)"),
    mutant(VIEWS, "tf.broadcast_to(tf.range(shape[1]), shape)", "tf.zeros(shape, tf.int32)"),
    mutant(VIEWS, "tf.range(width)[None] - steps[:, 1:]", "tf.range(width)[None] - steps[:, :1]"),
    mutant(
        VIEWS,
        "tf.stack([top, left, top + side, left + side], axis=1)",
        "tf.stack([top, left, top + side, 1 + 0 * side], axis=1)",
    ),
    mutant(VIEWS, "tf.reverse(images, [2])", "tf.reverse(images, [1])"),
    mutant(
        VIEWS,
        "tf.experimental.numpy.swapaxes(images, 1, 2), [1])",
        "tf.experimental.numpy.swapaxes(images, 1, 2), [2])",
    ),
)
