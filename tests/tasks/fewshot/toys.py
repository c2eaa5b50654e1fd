"""Small planted classes, tasks and settings for tests of few-shot learning."""

from typing import Any

import numpy as np

from tasks.common.schema.fewshot import METHODS, FewShot, Methods, Task
from tasks.common.schema.study import Dense
from tasks.fewshot.episodes import Episodes, draw
from tasks.fewshot.pools import Base, Pool

SAMPLES, SIDE = 8, 6
NETWORK = Dense(kind="dense", units=[24], activation="relu", initializer="he_normal")
TASK = Task(
    question="Is it so?",
    validation=["v"],
    ways=4,
    shots=2,
    queries=3,
    validation_episodes=20,
    novel_episodes=60,
    repeats=2,
    network=NETWORK,
)
_TRAINING: dict[str, Any] = {"optimizer": "adam", "rates": [0.003], "epochs": 4, "batch": 6, "keep": "best"}
HEAD = {"steps": 60, "rate": 1.0, "momentum": 0.9, "decay": 0.001}
BLOCKS: dict[str, Any] = {
    "nearest": {},
    "prototypes": _TRAINING | {"queries": 3},
    "matching": _TRAINING | {"queries": 3, "scale": 10.0},
    "fine-tuned": _TRAINING | {"batch": 16, "head": HEAD},
}


def settings(method: str, **changes: Any) -> Any:
    """A method's settings, with changes."""
    blocks = BLOCKS | {method: BLOCKS[method] | changes}
    return FewShot(tasks={}, methods=Methods.model_validate(blocks)).settings(method)


def pool(classes: int, seed: int, noise: float = 0.1, prefix: str = "c") -> Pool:
    """Classes whose samples are an image of their own and noise, float32, about 0 to 1."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(size=(classes, 1, SIDE, SIDE))
    x = (centres + noise * rng.normal(size=(classes, SAMPLES, SIDE, SIDE))).astype(np.float32)
    return Pool(x, tuple(f"{prefix}/{number}" for number in range(classes)))


def base() -> Base:
    """Thirteen classes to train on, which are two episodes of six and a rest of one, and six to choose by."""
    return Base(pool(13, 1, prefix="b"), pool(6, 2, prefix="v"))


def episodes(of: Pool, task: Task = TASK, count: int = 20, seed: int = 5) -> Episodes:
    """Episodes of a pool in the sizes of a task."""
    rng = np.random.default_rng(seed)
    return draw(len(of), of.samples, ways=task.ways, shots=task.shots, queries=task.queries, count=count, rng=rng)


__all__ = ["BLOCKS", "METHODS", "TASK", "base", "episodes", "pool", "settings"]
