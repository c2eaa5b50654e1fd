"""BERT-style encoders of word pieces that output logits."""

from typing import Any

from tasks.common import seeds
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.schema.study import Transformer
from tasks.models.dense import HEAD, initial, linear
from tasks.models.text_layers import PaddedAttention, PaddedMean, Positions

PIECES = "embeddings-pieces"
POOL = "pool"
EPSILON = 1e-12  # of layer normalisation, as BERT has it


def build(spec: Transformer, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """Word pieces and positions, blocks of attention and a dense network, the mean over a text, a linear layer.

    Normalisation follows each sum, as in BERT; of its inputs there is no segment, since all texts are single ones.
    There is no dropout.

    Args:
        spec: Sizes, activation and initializer.
        input_shape: (length,) of a text's token numbers, 0 for padding.
        outputs: Width of the linear output layer: logits of so many classes.
        seed: Decides the initial weights, each layer's from its own name.
        head: Name of the output layer.

    Returns:
        ``embeddings-pieces``, ``embeddings-positions``, ``embeddings-norm``; of each block ``block-<k>-query``,
        ``-key``, ``-value``, ``-attention``, ``-output``, ``-attention-norm``, ``-inner``, ``-outer`` and ``-norm``;
        ``pool``, the mean over the tokens that are no padding, and the head; (batch, length) -> (batch, outputs).

    Raises:
        UserError: If a text may be longer than the network has positions.

    Source: "BERT: Pre-training of deep bidirectional transformers for language understanding", arXiv:1810.04805,
    section 3; pooled as in "Sentence-BERT", arXiv:1908.10084, section 3.
    """
    tokens = keras.Input(_checked(spec, input_shape), name="inputs")
    signal = keras.layers.Embedding(spec.vocabulary, spec.width, _small(PIECES, seed), name=PIECES)(tokens)
    places = "embeddings-positions"
    signal = Positions(spec.positions, _small(places, seed), name=places)(signal)
    signal = _norm("embeddings-norm")(signal)
    for number in range(1, spec.blocks + 1):
        signal = _block(signal, tokens, spec, f"block-{number}", seed)
    signal = PaddedMean(name=POOL)(signal, tokens)
    return keras.Model(tokens, linear(outputs, head, seed)(signal), name="transformer")


def _block(signal: Any, tokens: Any, spec: Transformer, name: str, seed: int) -> Any:
    """Attention and then a dense network, each added to what it was given and normalised; (batch, length, width)."""

    def dense(part: str, units: int, activation: str | None = None) -> keras.layers.Dense:
        own = f"{name}-{part}"
        return keras.layers.Dense(units, activation, kernel_initializer=initial(spec, own, seed), name=own)

    query, key, value = (dense(part, spec.width)(signal) for part in ("query", "key", "value"))
    seen = PaddedAttention(spec.heads, name=f"{name}-attention")(query, key, value, tokens)
    seen = dense("output", spec.width)(seen)
    signal = _norm(f"{name}-attention-norm")(keras.layers.Add(name=f"{name}-attention-sum")([signal, seen]))
    inner = dense("inner", spec.inner, spec.activation)(signal)
    outer = dense("outer", spec.width)(inner)
    return _norm(f"{name}-norm")(keras.layers.Add(name=f"{name}-sum")([signal, outer]))


def _norm(name: str) -> keras.layers.LayerNormalization:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)


def _small(name: str, seed: int) -> keras.initializers.Initializer:
    """BERT's initializer of embeddings: an initializer by fan would make positions far larger than pieces."""
    return keras.initializers.TruncatedNormal(stddev=0.02, seed=seeds.derive(seed, "init", name))


def _checked(spec: Transformer, input_shape: tuple[int, ...]) -> tuple[int]:
    if len(input_shape) != 1:
        raise UserError(f"a transformer takes texts as rows of token numbers; a sample here has shape {input_shape}.")
    if input_shape[0] > spec.positions:
        raise UserError(
            f"texts have {input_shape[0]} tokens and network.positions is {spec.positions};"
            " shorten the texts (length of the data set), or give the network more positions."
        )
    return (input_shape[0],)
