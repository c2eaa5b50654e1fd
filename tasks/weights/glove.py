"""GloVe: vectors of the most frequent English words, 50 numbers each, learnt from 6 billion words of text.

Source: "GloVe: Global Vectors for Word Representation", EMNLP 2014. Licence: PDDL 1.0.
"""

import numpy as np

from tasks.common import published
from tasks.common.artifacts import Arrays
from tasks.common.schema.datasets import Weights
from tasks.common.words import FIRST, PADDING, UNKNOWN


def load(settings: Weights) -> Arrays:
    """``embeddings-words/embeddings`` float32 (words + 2, 50), in the rows that `tasks.common.words` numbers.

    `PADDING` is zeros, and `UNKNOWN` the mean of all 400,000 vectors, kept or not.

    Raises:
        UserError: If no source has the vectors, there are fewer, or the disk is full.
    """
    count = len(published.words(settings.words))  # says so if there are fewer
    vectors = np.load(published.GLOVE.files()["glove_6B_50d_emb.npy"], allow_pickle=False)
    rows = np.zeros((FIRST + count, vectors.shape[1]), np.float32)
    rows[PADDING] = 0
    rows[UNKNOWN] = vectors.mean(axis=0, dtype=np.float64)
    rows[FIRST:] = vectors[:count]
    return {"embeddings-words/embeddings": rows}
