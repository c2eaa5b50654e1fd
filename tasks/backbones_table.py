"""The backbones side by side: `headwater backbones [NAME]... [--no-measure] [--json]`.

Counts and published accuracies are those of `tasks.common.backbones`. The time is measured here and now: the median of
some predictions of one image at the size the backbone was trained with, on one thread, with random weights.

Run:  python -m tasks.backbones_table vgg16 efficientnet-lite0    about 10 s a backbone; the largest take a minute
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tasks.common import sources
from tasks.common.backbones import BACKBONES
from tasks.common.errors import UserError, nearest
from tasks.verdicts import command

FIRST, TIMES = 2, 9
"""Predictions that are not counted, and those that are."""


def milliseconds(name: str) -> float:
    """Median time of one prediction of one image, its features and no classes, on one thread."""
    from tasks.common.backend import keras, tf
    from tasks.common.schema.study import Backbone
    from tasks.models import backbone, surgery

    side = BACKBONES[name].side
    model = surgery.features(backbone.build(Backbone(kind="backbone", name=name), (side, side, 3), 2, seed=0))
    image = tf.constant(np.random.default_rng(0).integers(0, 256, (1, side, side, 3)), tf.float32)
    predict = tf.function(lambda x: model(x, training=False))
    taken = []
    for _ in range(FIRST + TIMES):
        begin = perf_counter_ns()
        predict(image).numpy()
        taken.append(perf_counter_ns() - begin)
    keras.backend.clear_session()
    return float(np.median(taken[FIRST:])) / 1e6


def row(name: str, *, measured: bool) -> dict[str, Any]:
    """What is told of one backbone; ``milliseconds`` is None where it was not measured."""
    facts = BACKBONES[name]
    return {
        "name": name,
        "parameters": facts.parameters,
        "layers": facts.layers,
        "side": facts.side,
        "smallest": facts.smallest,
        "scaling": facts.scaling,
        "top1": facts.top1,
        "published": facts.published,
        "multiply_adds": facts.multiply_adds,
        "milliseconds": milliseconds(name) if measured else None,
        "weights": weights(name),
    }


def weights(name: str) -> str:
    """``here`` if ImageNet weights were fetched before or lie in the mirror's folder, else what they come from."""
    from tasks.weights.applications import FILES

    lite = name not in FILES
    file = "efficientnet-lite0-57934424.pth" if lite else FILES[name][1]
    mirror = os.environ.get("HEADWATER_MIRROR", "")
    folders = [sources.cache(name)] + ([Path(mirror) / name, Path(mirror)] if mirror and "://" not in mirror else [])
    if any((folder / file).is_file() for folder in folders):
        return "here"
    return "package" if lite else "download"


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The rows for a screen, their sources as numbers."""
    numbers = {url: number for number, url in enumerate(dict.fromkeys(one["published"] for one in rows), start=1)}
    shown = Table(caption=caption(rows, numbers), caption_justify="left", box=None, pad_edge=False, header_style="bold")
    shown.add_column("backbone", no_wrap=True)
    for heading in ("parameters", "layers", "pixels", "at least", "top-1", "multiply-adds", "ms here"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("data.scaling", no_wrap=True)
    shown.add_column("weights", no_wrap=True)
    for one in rows:
        time = one["milliseconds"]
        shown.add_row(
            one["name"],
            f"{one['parameters'] / 1e6:.1f} M",
            str(one["layers"]),
            str(one["side"]),
            str(one["smallest"]),
            f"{100 * one['top1']:.1f} % [{numbers[one['published']]}]".replace("[", r"\["),
            f"{one['multiply_adds'] / 1e9:.2f} G",
            "–" if time is None else f"{time:,.0f}",
            one["scaling"],
            one["weights"],
        )
    return shown


def caption(rows: Sequence[dict[str, Any]], numbers: dict[str, int]) -> str:
    """What the columns mean, and where the accuracies stand."""
    lines = [
        "",
        "Without the layers for ImageNet's classes. pixels: height and width it was trained with.",
        "top-1: ImageNet's validation images, as published; not measured here:",
        *(rf"  \[{number}] {url}" for url, number in numbers.items()),
        "weights: 'here' were fetched before; 'download' from where Keras has them; 'package' from a pinned one.",
    ]
    if any(one["milliseconds"] is not None for one in rows):
        lines.append(f"ms here: one image, one thread, median of {TIMES}; on a machine at work it is more.")
    return "\n".join(lines)


def told(names: Sequence[str], *, measured: bool) -> Iterator[dict[str, Any]]:
    """A row for each, saying which one is measured while a person waits."""
    for number, name in enumerate(names, start=1):
        if measured and sys.stderr.isatty():
            print(f"\r\x1b[Kmeasuring {name}, {number} of {len(names)}", end="", file=sys.stderr, flush=True)
        yield row(name, measured=measured)
    if measured and sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def main(given: argparse.Namespace) -> int:
    """Print the table."""
    for name in given.names:
        if name not in BACKBONES:
            close = nearest(name, BACKBONES)
            raise UserError(f"there is no backbone '{name}'; known: {', '.join(BACKBONES)}.{close}")
    if not given.no_measure:
        _one_thread()
    rows = list(told(given.names or list(BACKBONES), measured=not given.no_measure))
    if given.json:
        print(json.dumps(rows, indent=1))
    else:
        console = Console()
        console.width = max(console.width, 120)
        console.print(table(rows))
    return 0


def _one_thread() -> None:
    from tasks.common.backend import tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="headwater backbones", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="some of them; without, all")
    made.add_argument("--no-measure", action="store_true", help="no times: at once, without TensorFlow")
    made.add_argument("--json", action="store_true", help="as JSON")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
