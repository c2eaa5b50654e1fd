"""Tiny SavedModels in the form of TensorFlow Hub, made when a test asks for them."""

from pathlib import Path
from typing import Any

import numpy as np

from tasks.common.backend import tf

SIDE, WIDTH = 4, 5
WORDS = ("film", "good", "bad", "kettle")
IMAGES = (SIDE, SIDE, 3)


class Images(tf.Module):  # type: ignore[misc]
    """An image feature vector with a moving mean, which training behaviour moves."""

    def __init__(self, side: int | None = SIDE) -> None:
        super().__init__()
        rng = np.random.default_rng(3)
        self.kernel = tf.Variable(rng.normal(size=(3, WIDTH)), dtype=tf.float32, name="stem/kernel")
        self.twin = tf.Variable(rng.normal(size=(WIDTH,)), dtype=tf.float32, name="stem/kernel")  # names may repeat
        self.mean = tf.Variable(tf.zeros(WIDTH), trainable=False, name="mean")
        spec = tf.TensorSpec([None, side, side, 3], tf.float32)
        for training in (True, False):
            self.__call__.get_concrete_function(spec, training=training)

    @tf.function
    def __call__(self, x: Any, training: bool = False) -> Any:
        signal = tf.reduce_mean(tf.tanh(tf.einsum("nhwc,cf->nhwf", x, self.kernel)), [1, 2]) + self.twin
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(signal, 0))
        return signal - self.mean


class Sentences(tf.Module):  # type: ignore[misc]
    """A string encoder: lower case, split at spaces, the mean of word vectors; its vocabulary is a file of assets."""

    def __init__(self, vocabulary: Path) -> None:
        super().__init__()
        vocabulary.write_text("\n".join(WORDS) + "\n")
        self.vectors = tf.Variable(np.random.default_rng(4).normal(size=(len(WORDS) + 1, WIDTH)), dtype=tf.float32)
        rows = tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        self.rows = tf.lookup.StaticVocabularyTable(rows, 1)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, said: Any) -> Any:
        found = tf.ragged.map_flat_values(self.rows.lookup, tf.strings.split(tf.strings.lower(said)))
        return tf.reduce_mean(tf.gather(self.vectors, found), axis=1)


def saved(module: tf.Module, folder: Path, **settings: Any) -> Path:
    """The folder of a module's SavedModel."""
    tf.saved_model.save(module, str(folder), **settings)
    return folder


def images(folder: Path, side: int | None = SIDE) -> Path:
    """The folder of `Images`."""
    return saved(Images(side), folder)


def sentences(folder: Path) -> Path:
    """The folder of `Sentences`."""
    return saved(Sentences(folder.with_suffix(".txt")), folder)
