"""A project with two small studies, of tables and of pictures, whose trained models have been exported."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest

from tasks import models
from tasks.common import outcomes
from tasks.common.artifacts import write_npz
from tasks.common.outcomes import Failed, Trained
from tasks.common.phases import Course
from tasks.common.samples import Scaling
from tasks.export import __main__ as export
from tasks.export import shipped
from tests.tasks import toys

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_made_up import content

CLASSES = ["left", "middle", "right"]
RANGES = np.array([1.0, 1000.0, 0.01, 5.0, 50.0], np.float32)
ACCURACIES = {"scratch-tuned": [0.5, 0.52, 0.51, 0.5], "fine-tuning": [None, 0.9, 0.91, 0.92]}
REPEAT = 1  # of fine-tuning, the first one that did not fail


@dataclass(frozen=True)
class World:
    """Where the project lies, and what its models were made of; test inputs are raw."""

    root: Path
    models: dict[str, keras.Model]
    scalings: dict[str, Scaling]
    tests: dict[str, tuple[np.ndarray, np.ndarray]]

    def folder(self, study: str) -> Path:
        return self.root / "data" / "export" / study / "fine-tuning"


def tables(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Raw rows (n, 5) of columns whose ranges differ by five orders of magnitude, and their classes."""
    part = toys.part(rows, 3, seed)
    return part.x * RANGES + 3 * RANGES, part.y


def pictures(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 8, 8) uint8, dark at the rim, with a bright bar in one of three places; its place is the class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=rows)
    x = rng.integers(0, 90, size=(rows, 8, 8))
    for row, place in zip(x, y, strict=True):
        row[1:7, 1 + 2 * place : 3 + 2 * place] += 120
    x[:, [0, -1]] = 0
    return x.astype(np.uint8), y


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("shipping")
    made = World(root, {}, {}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        _study(made, "tables", tables, toys.NETWORK, "standardise")
        _study(made, "pictures", pictures, toys.CONVOLUTIONAL, "unit")
        for study in made.models:
            export.main(study)
            shipped.main(study)
    return made


def _study(world: World, study: str, draw, network, kind: str) -> None:
    """Write what the stages before `export` write, with a trained model in `REPEAT`."""
    keras.utils.set_random_seed(0)
    x, y = draw(600, 1)
    world.tests[study] = draw(400, 2)
    scaling = world.scalings[study] = Scaling.fit(x, kind)
    model = world.models[study] = models.build(network, x.shape[1:], 3, 3)
    model.compile(keras.optimizers.Adam(0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(scaling(x), y, epochs=15, batch_size=30, verbose=0)
    split, home = (world.root / "data" / name / study for name in ("split", "methods"))
    write_npz(split / "scaling.npz", shift=scaling.shift, scale=scaling.scale)
    write_npz(split / "target.npz", train_x=np.stack([draw(600, 9)[0], x]), train_y=np.stack([y, y]))
    write_npz(split / "test.npz", x=world.tests[study][0], y=world.tests[study][1])
    course = Course(epoch=1, validation_loss=0.1, validation_accuracy=0.9, rows=[])
    trained = Trained(model, course, 0.1, 1, 10)
    outcomes.save(home / "transfer" / "fine-tuning", [Failed("diverged"), trained], {"family": "transfer"})
    results = content(ACCURACIES, CLASSES) | {"study": study}
    place = world.root / "data" / "evaluate" / study
    place.mkdir(parents=True)
    (place / "results.json").write_text(json.dumps(results))
