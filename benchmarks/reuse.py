"""What is computed once and used again, side by side with computing it each time: frozen features, teachers' outputs.

Run:  python -m benchmarks.reuse [frozen] [distill] [--images 2000] [--epochs 10] [--rounds 3] [--side 96]

frozen    A head on EfficientNet-Lite0, whose layers stay as they are. Ours: `tasks.common.training.search`, which
          computes the features once and trains the head on them. Beside it Keras's `fit` with the backbone inside the
          model and ``trainable=False``. Target: at least 5 times faster.
distill   A small convolutional student of that network. Ours: the teacher speaks once, as stage `teach` has it, and
          method `logits` trains on what is kept. Beside it the same loop, which asks the teacher at each step.

Weights and images are random, as neither matters to the time. Within a round both ways run one after the other, so
that a busy machine slows both; the ratio is that of the medians over rounds. Both ways start untraced in every round,
and end with the same validation loss, in `frozen` but for the order of batches. The table is printed and the figures
go to benchmarks/history.csv.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import history
from tasks import models
from tasks.common import scratch, training
from tasks.common.backend import keras
from tasks.common.objectives import Tensors, predict
from tasks.common.outcomes import Trained
from tasks.common.phases import Phase
from tasks.common.samples import Part, Sample
from tasks.common.schema.base import Training
from tasks.common.schema.study import Backbone, Convolutional
from tasks.distill import logits
from tasks.models import HEAD, surgery

CLASSES = tuple("abcdefghij")
TEACHER = Backbone(kind="backbone", name="efficientnet-lite0")
STUDENT = Convolutional(
    kind="convolutional", filters=[16, 32, 64], units=[64], activation="relu", initializer="he_normal"
)


def images(count: int, side: int) -> Sample:
    """Random images (count, side, side, 3) in -1..1 with random labels; a tenth as many for validation."""
    rng = np.random.default_rng(1)

    def part(rows: int) -> Part:
        x = rng.uniform(-1, 1, (rows, side, side, 3)).astype(np.float32)
        return Part(x, rng.integers(0, len(CLASSES), rows).astype(np.int32), np.empty((rows, 0), np.float32))

    return Sample(part(count), part(max(1, count // 10)), CLASSES)


def found(outcome: Any) -> float:
    """The validation loss of a training, which must have ended well."""
    assert isinstance(outcome, Trained), outcome
    return outcome.course.validation_loss


def on_features(sample: Sample, model: keras.Model, settings: Training) -> float:
    """The head on features computed once; gives the validation loss at the end."""
    phases = [Phase("head", settings.rates[0], settings.epochs, frozenset({HEAD}))]
    return found(training.search(settings, sample, lambda: surgery.copy(model), lambda rate: phases, seed=1))


def inside(sample: Sample, model: keras.Model, settings: Training) -> float:
    """The same training by `fit`, the frozen layers computed in every step; gives the validation loss at the end."""
    keras.utils.set_random_seed(1)
    net = surgery.copy(model)
    for layer in net.layers:
        layer.trainable = layer.name == HEAD
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer=keras.optimizers.SGD(settings.rates[0]), loss=loss, metrics=["accuracy"])
    train, held_out = sample.train, (sample.validation.x, sample.validation.y)
    past = net.fit(
        train.x, train.y, batch_size=settings.batch, epochs=settings.epochs, validation_data=held_out, verbose=0
    )
    return float(past.history["val_loss"][-1])


@dataclass(frozen=True, eq=False)
class Live:
    """Method `logits`'s objective with a teacher that is asked at each step."""

    teacher: keras.Model
    own: logits.Objective

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        return self.own(model, {**batch, "teacher": self.teacher(batch["x"], training=False)})


def stored(sample: Sample, teacher: keras.Model, settings: Training) -> float:
    """A student of what the teacher said once; gives its validation loss."""
    extra = {"teacher": predict(teacher, sample.train.x)}
    return found(scratch.train(sample, STUDENT, settings, 1, objective=logits.Objective(4.0, 0.7), extra=extra))


def live(sample: Sample, teacher: keras.Model, settings: Training) -> float:
    """The same student, its teacher asked at each step; gives its validation loss."""
    return found(scratch.train(sample, STUDENT, settings, 1, objective=Live(teacher, logits.Objective(4.0, 0.7))))


PARTS: dict[str, tuple[Callable[..., float], Callable[..., float]]] = {
    "frozen": (on_features, inside),
    "distill": (stored, live),
}


def measure(name: str, sample: Sample, epochs: int, rounds: int) -> dict[str, float]:
    """Medians in seconds of both ways of a part, their ratio, and the validation losses they ended with."""
    keras.utils.set_random_seed(1)
    model = models.build(TEACHER, sample.train.x.shape[1:], len(CLASSES), seed=1)
    settings = Training.model_validate(
        {"optimizer": "sgd", "rates": [1e-5], "epochs": epochs, "batch": 32, "keep": "last"}
    )
    seconds: tuple[list[float], list[float]] = ([], [])
    losses = [0.0, 0.0]
    for _ in range(rounds):
        for way, function in enumerate(PARTS[name]):
            training._loops.clear()
            begun = time.perf_counter()
            losses[way] = function(sample, model, settings)
            seconds[way].append(time.perf_counter() - begun)
    once, each = (statistics.median(times) for times in seconds)
    return {"once_s": once, "each_s": each, "ratio": each / once, "loss_once": losses[0], "loss_each": losses[1]}


def main() -> None:
    """Measure the parts asked for, print a table, note the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all without")
    for name, default in {"images": 2000, "epochs": 10, "rounds": 3, "side": 96}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    sample = images(options.images, options.side)
    print(history.head("", "once", "each time", "ratio", "validation loss, once", "each time"), flush=True)
    for name in options.parts or PARTS:
        f = measure(name, sample, options.epochs, options.rounds)
        times, losses = (f"{f['once_s']:.1f} s", f"{f['each_s']:.1f} s"), (f[key] for key in ("loss_once", "loss_each"))
        print(history.row(name, *times, f"{f['ratio']:.1f}", *(f"{loss:.4f}" for loss in losses)), flush=True)
        history.note(f"reuse {name} images {options.images} side {options.side} epochs {options.epochs}", f)


if __name__ == "__main__":
    main()
