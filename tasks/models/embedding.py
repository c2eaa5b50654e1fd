"""Networks on the mean of a text's word vectors that output logits."""

from tasks.common import seeds
from tasks.common.backend import keras
from tasks.common.errors import UserError
from tasks.common.schema.study import Embedding
from tasks.models.dense import HEAD, hidden_layers, linear
from tasks.models.text_layers import PaddedMean

WORDS = "embeddings-words"
POOL = "pool"


def build(spec: Embedding, input_shape: tuple[int, ...], outputs: int, seed: int, head: str = HEAD) -> keras.Model:
    """Word vectors, their mean, then dense layers.

    Args:
        spec: Words, width of their vectors, widths and activation of the hidden layers.
        input_shape: (length,) of a text's token numbers, 0 for padding.
        outputs: Width of the linear output layer: logits of so many classes.
        seed: Decides the initial weights, each layer's from its own name. A word's vector has a length of about 1.
        head: Name of the output layer.

    Returns:
        ``embeddings-words``, ``pool``, the mean over the tokens that are no padding, ``hidden-1``.. and the head;
        (batch, length) -> (batch, outputs).

    Source: "A simple but tough-to-beat baseline for sentence embeddings" (Arora et al., 2017) calls the mean of word
    vectors the baseline's baseline; with dense layers on it, "Deep unordered composition rivals syntactic methods for
    text classification", doi:10.3115/v1/P15-1162 (deep averaging network).
    """
    if len(input_shape) != 1:
        raise UserError(f"word vectors need texts as rows of token numbers; a sample here has shape {input_shape}.")
    tokens = keras.Input(input_shape, name="inputs")
    initializer = keras.initializers.RandomNormal(stddev=spec.width**-0.5, seed=seeds.derive(seed, "init", WORDS))
    signal = keras.layers.Embedding(spec.vocabulary, spec.width, initializer, name=WORDS)(tokens)
    signal = PaddedMean(name=POOL)(signal, tokens)
    signal = hidden_layers(signal, spec, spec.units, seed)
    return keras.Model(tokens, linear(outputs, head, seed)(signal), name="embedding")
