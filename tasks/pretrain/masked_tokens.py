"""Masked language modelling: hide some word pieces of each text and predict them from the rest."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.common import scratch, views
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Phase
from tasks.common.samples import Sample
from tasks.common.schema.pretrain import MaskedTokens
from tasks.common.schema.study import Transformer
from tasks.common.training import search
from tasks.models import dense
from tasks.models.transformer import EPSILON, PIECES, POOL
from tasks.pretrain import pretext
from tasks.pretrain.pretext import PREDICTED, HeldOut, Task

MASK = 103
FIRST = 104
"""The first number that is not padding, unknown (100), a mark of an end (101, 102) or the mask, in BERT's vocabulary;
between padding and these are only places that BERT left free."""


def run(sample: Sample, network: Transformer, settings: MaskedTokens, seed: int) -> Trained | Failed:
    """The cross-entropy, in nats, of the hidden pieces: a dense layer on each one's features, then the vectors of all
    pieces, which are those of the embedding (tied).

    Hidden are a share of each text's pieces, at least one, anew in each step: eight in ten become the mask, one in ten
    another piece, one in ten stays. Labels are not looked at.

    Departs from the paper: the second task, whether two sentences follow each other, is left out, as most since do, and
    so is a bias for each piece; the number of hidden pieces of a text is no chance.

    Source: "BERT: Pre-training of deep bidirectional transformers for language understanding", arXiv:1810.04805,
    section 3.1 (task 1) and appendix A.1.

    Raises:
        UserError: If the network's vocabulary is not that of the texts.
    """
    _check(sample, network)
    task = Predict(settings.share, network.vocabulary, settings.batch)
    found = search(
        settings,
        sample,
        build=lambda: with_top(scratch.network_for(sample, network, seed), network, seed),
        phases=lambda rate: [Phase("all", rate, settings.epochs)],
        seed=seed,
        objective=task,
        criterion=HeldOut(task),
    )
    if isinstance(found, Failed):
        return found
    return pretext.handed_over(found, pretext.body(sample, network, seed), task)


def with_top(whole: keras.Model, network: Transformer, seed: int) -> keras.Model:
    """A transformer up to its last block, and what turns each place's features into a vector like the pieces' own."""
    signal = whole.get_layer(POOL).input[0]  # (batch, length, width)
    initializer = dense.initial(network, PREDICTED, seed)
    layer = keras.layers.Dense(network.width, network.activation, kernel_initializer=initializer, name=PREDICTED)
    norm = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{PREDICTED}-norm")
    return keras.Model(whole.input, norm(layer(signal)), name="pretext")


@dataclass(frozen=True)
class Predict(Task):
    """Name the hidden pieces; a validation part is judged ``block`` texts at a time, each block by itself."""

    figure: ClassVar[str] = "share of hidden pieces found"
    share: float
    vocabulary: int
    block: int

    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        def part(tokens: Any) -> tuple[Any, Any]:
            hidden = chosen(tokens, views.fold(batch["seed"], 0), self.share)
            given = replaced(tokens, hidden, views.fold(batch["seed"], 1), self.vocabulary)
            features = tf.boolean_mask(model(given, training=training), hidden)  # (hidden, width)
            pieces = tf.cast(model.get_layer(PIECES).embeddings, features.dtype)
            logits = tf.cast(tf.matmul(features, pieces, transpose_b=True), tf.float32)
            return judged(logits, tf.cast(tf.boolean_mask(tokens, hidden), tf.int32))

        return part(batch["x"]) if training else pretext.in_blocks(part, batch["x"], self.block)


def chosen(tokens: Any, seed: Any, share: float) -> Any:
    """Which pieces of each text to hide, bool, (batch, length): ``round(share · pieces)`` of them at random, at least
    one where there is one. Padding and marks are never hidden."""
    ordinary = tokens >= FIRST
    pieces = tf.reduce_sum(tf.cast(ordinary, tf.float32), axis=1)
    count = tf.minimum(tf.maximum(tf.round(share * pieces), 1), pieces)
    draws = tf.where(ordinary, tf.random.stateless_uniform(tf.shape(tokens), seed), 2.0)
    last = tf.cast(tf.maximum(count - 1, 0), tf.int32)  # of those hidden, in the order of their draws
    limit = tf.gather(tf.sort(draws, axis=1), last, axis=1, batch_dims=1)
    return ordinary & (draws <= limit[:, None])


def replaced(tokens: Any, hidden: Any, seed: Any, vocabulary: int) -> Any:
    """The texts as the model is given them: of the hidden pieces 80 % are the mask, 10 % any piece, 10 % themselves."""
    draws = tf.random.stateless_uniform(tf.shape(tokens), views.fold(seed, 0))
    any_piece = tf.random.stateless_uniform(tf.shape(tokens), views.fold(seed, 1), FIRST, vocabulary, tf.int32)
    instead = tf.where(draws < 0.8, float(MASK), tf.where(draws < 0.9, tf.cast(any_piece, tokens.dtype), tokens))
    return tf.where(hidden, instead, tokens)


def judged(logits: Any, pieces: Any) -> tuple[Any, Any]:
    """Mean cross-entropy in nats of pieces (n,) under logits (n, vocabulary), and the share found; 0 of no pieces."""
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(pieces, logits)
    hits = tf.cast(tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), pieces), tf.float32)
    count = tf.cast(tf.size(pieces), tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(losses), count), tf.math.divide_no_nan(tf.reduce_sum(hits), count)


def _check(sample: Sample, network: Transformer) -> None:
    highest = int(max(sample.train.x.max(), sample.validation.x.max()))
    if highest >= network.vocabulary or network.vocabulary <= FIRST:
        raise UserError(
            f"network.vocabulary is {network.vocabulary}, and the texts have pieces up to number {highest};"
            f" expected the size of BERT's vocabulary, whose word pieces begin at {FIRST}."
        )
