"""Layers for texts that Keras lacks or that its implicit masks get in the way of; padding is token 0.

What is padding is read off the tokens themselves, which each layer that must know is given beside its signal: so a
model can be copied, cut and saved like any other.
"""

from typing import Any

from tasks.common.backend import keras

PADDING = 0
_FAR = -1e9  # a score that softmax turns into 0, and whose sums are finite in bfloat16 too


def real(tokens: Any, dtype: str) -> Any:
    """1 where a token is none of padding, else 0; the shape of ``tokens``."""
    return keras.ops.cast(keras.ops.not_equal(tokens, PADDING), dtype)


class Positions(keras.layers.Layer):  # type: ignore[misc]
    """Adds a learnt vector for each position, (batch, length, width) -> the same.

    Weight ``embeddings`` (positions, width); a text may be shorter.
    """

    def __init__(self, positions: int, embeddings_initializer: Any = "zeros", **rest: Any) -> None:
        super().__init__(**rest)
        self.positions = positions
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shape = (self.positions, input_shape[-1])
        self.embeddings = self.add_weight(shape=shape, initializer=self.embeddings_initializer, name="embeddings")

    def call(self, signal: Any) -> Any:
        return signal + self.embeddings[: signal.shape[1]]

    def get_config(self) -> dict[str, Any]:
        initializer = keras.initializers.serialize(self.embeddings_initializer)
        return {**super().get_config(), "positions": self.positions, "embeddings_initializer": initializer}


class PaddedAttention(keras.layers.Layer):  # type: ignore[misc]
    """Scaled dot-product attention with several heads, that looks at no padding. It has no weights.

    For each head ``softmax(q kᵀ / √d) v``, with d = width / heads, its results side by side. Where all tokens are
    padding every position has the same weight: what comes out is finite, and nobody looks at it.

    Called (query, key, value, tokens): three times (batch, length, width), and (batch, length).

    Source: "Attention is all you need", arXiv:1706.03762, section 3.2.
    """

    def __init__(self, heads: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.heads = heads

    def call(self, query: Any, key: Any, value: Any, tokens: Any) -> Any:
        length, width = query.shape[1:]
        query, key, value = (self._split(signal) for signal in (query, key, value))
        scores = keras.ops.matmul(query, keras.ops.swapaxes(key, 2, 3)) * (width // self.heads) ** -0.5
        away = _FAR * (1 - real(tokens, self.compute_dtype))
        weights = keras.ops.softmax(scores + away[:, None, None, :], axis=-1)  # (batch, heads, length, length)
        seen = keras.ops.swapaxes(keras.ops.matmul(weights, value), 1, 2)
        return keras.ops.reshape(seen, (-1, length, width))

    def _split(self, signal: Any) -> Any:
        """(batch, length, width) -> (batch, heads, length, width / heads)."""
        length, width = signal.shape[1:]
        return keras.ops.swapaxes(keras.ops.reshape(signal, (-1, length, self.heads, width // self.heads)), 1, 2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}


class PaddedMean(keras.layers.Layer):  # type: ignore[misc]
    """The mean over the tokens that are no padding; 0 for a text of padding alone.

    Called (signal, tokens): (batch, length, width) and (batch, length) -> (batch, width).
    """

    def call(self, signal: Any, tokens: Any) -> Any:
        weights = real(tokens, self.compute_dtype)[:, :, None]
        count = keras.ops.maximum(keras.ops.sum(weights, axis=1), 1)
        return keras.ops.sum(weights * signal, axis=1) / count


class TermWeights(keras.layers.Layer):  # type: ignore[misc]
    """Token numbers to tf-idf weights of known terms, of length 1: (batch, length) -> (batch, capacity).

    A term is a token, or two that follow each other. Its weight is how often the text has it, times its inverse
    document frequency; then each text's weights are divided by their Euclidean length. A text without any known term
    gives 0.

    Weights: ``terms`` (2, capacity), each column a term's two tokens, the second 0 where it is one token, and both -1
    where the place is free; ``idf`` (capacity,). None is trained. They are weights and not settings, so that models of
    several samples share an architecture.
    """

    def __init__(self, capacity: int, **rest: Any) -> None:
        super().__init__(autocast=False, trainable=False, **{k: v for k, v in rest.items() if k != "trainable"})
        self.capacity = capacity

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        free = keras.initializers.Constant(-1)
        self.terms = self.add_weight(
            shape=(2, self.capacity), initializer=free, dtype="float32", trainable=False, name="terms"
        )
        self.idf = self.add_weight(
            shape=(self.capacity,), initializer="zeros", dtype="float32", trainable=False, name="idf"
        )

    def call(self, tokens: Any) -> Any:
        tokens = keras.ops.cast(tokens, "float32")  # exact up to 2^24
        first, second = self.terms[0], self.terms[1]
        following = keras.ops.concatenate([tokens[:, 1:], keras.ops.zeros_like(tokens[:, :1])], axis=1)
        counts = 0
        for place in range(tokens.shape[1]):  # one at a time: all at once would be (batch, length, capacity)
            pair = keras.ops.equal(following[:, place, None], second)
            alone = keras.ops.equal(second, PADDING)
            here = keras.ops.equal(tokens[:, place, None], first)
            counts += keras.ops.cast(keras.ops.logical_and(here, keras.ops.logical_or(alone, pair)), "float32")
        weights = counts * self.idf
        length = keras.ops.sqrt(keras.ops.sum(keras.ops.square(weights), axis=1, keepdims=True))
        return keras.ops.cast(weights / keras.ops.where(length > 0, length, 1), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "capacity": self.capacity}
