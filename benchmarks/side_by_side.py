"""Repeats trained side by side in one vectorised model, against one after another by one traced function.

Run:  python -m benchmarks.side_by_side [--repeats 5] [--steps 2000] [--rounds 3]

A step is that of a dense network with batches of 32, forward, backward and Adam; side by side, each matrix has an axis
of repeats before its own. Loops are one traced call in both ways, on one thread, as in a study (`runtime` in
params.yaml). The table is printed: the ratio is that of the medians over rounds, and the last column the largest
relative difference between the weights of the two ways.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from typing import Any

import numpy as np

from tasks.common.backend import keras, tf

ROWS, BATCH = 200, 32
NETWORKS = {
    "tables, 20 inputs": (20, 64, 64, 3),
    "fashion-sandal's student": (784, 16, 2),
    "fashion-pullover": (784, 100, 100, 100, 2),
    "fashion-sandal": (784, 300, 100, 50, 50, 50, 2),
}


def trainer(begin: list[np.ndarray], steps: int) -> tuple[list[Any], Any]:
    """Variables with the given values, and a traced function (x, labels) that moves them ``steps`` times.

    Arrays may have an axis of repeats before their own: x (..., rows, features), labels (..., rows).
    """
    variables = [keras.Variable(value) for value in begin]
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(variables)

    def loss(x: Any, labels: Any) -> Any:
        for place in range(0, len(variables), 2):
            x = tf.matmul(x, variables[place].value) + variables[place + 1].value
            x = tf.nn.relu(x) if place + 2 < len(variables) else x
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x)
        return tf.reduce_sum(tf.reduce_mean(each, axis=-1))  # of repeats that have nothing to do with each other

    def step(number: Any, x: Any, labels: Any) -> Any:
        rows = tf.range(number * BATCH, number * BATCH + BATCH) % ROWS
        with tf.GradientTape() as tape:
            value = loss(tf.gather(x, rows, axis=-2), tf.gather(labels, rows, axis=-1))
        optimizer.apply(tape.gradient(value, [variable.value for variable in variables]), variables)
        return number + 1, x, labels

    def train(x: Any, labels: Any) -> Any:
        return tf.while_loop(lambda number, *_: number < steps, step, (0, x, labels))[0]

    return variables, tf.function(train, autograph=False)


def compared(sizes: tuple[int, ...], repeats: int, steps: int, rounds: int) -> tuple[float, float, float]:
    """Seconds one after another, seconds side by side, and the largest relative difference of a weight."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((repeats, ROWS, sizes[0])).astype(np.float32)
    labels = rng.integers(0, sizes[-1], (repeats, ROWS)).astype(np.int32)
    begin = []
    for before, after in itertools.pairwise(sizes):
        begin.append((rng.standard_normal((repeats, before, after)) / before**0.5).astype(np.float32))
        begin.append(np.zeros((repeats, 1, after), np.float32))
    single, one = trainer([value[0] for value in begin], steps)
    stacked, together = trainer(begin, steps)
    x, labels = tf.constant(x), tf.constant(labels)
    one(x[0], labels[0]), together(x, labels)
    apart = max(float(np.max(np.abs(a - b[0])) / np.max(np.abs(a))) for a, b in zip(single, stacked, strict=True))
    times: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        for repeat in range(repeats):
            one(x[repeat], labels[repeat])
        between = time.perf_counter()
        together(x, labels)
        times[0].append(between - begun)
        times[1].append(time.perf_counter() - between)
    return statistics.median(times[0]), statistics.median(times[1]), apart


def main() -> None:
    """The table of all networks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("repeats", 5), ("steps", 2000), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    print("| network | one after another | side by side | ratio | weights differ by |")
    print("|---|--:|--:|--:|--:|")
    for name, sizes in NETWORKS.items():
        alone, together, apart = compared(sizes, asked.repeats, asked.steps, asked.rounds)
        print(f"| {name} | {alone:.2f} s | {together:.2f} s | {alone / together:.2f} | {apart:.1e} |", flush=True)


if __name__ == "__main__":
    main()
