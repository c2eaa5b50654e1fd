"""Classes whose images show what their descriptions say, so that unseen ones can be told; and a project of them."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from tasks.common.samples import Array
from tasks.common.schema.crossmodal import Methods, Task
from tasks.common.schema.run import Size
from tasks.crossmodal.descriptions import unit
from tests.contracts.imports import ROOT

CLASSES, ATTRIBUTES, WIDTH = 16, 4, 10
NETWORK: dict[str, Any] = {"kind": "dense", "units": [16], "activation": "relu", "initializer": "he_normal"}
TASK: dict[str, Any] = {
    "question": "Can planted classes be told?",
    "descriptions": "planted",
    "encoder": "tf-idf",
    "held_out": 2,
    "labelled": 8,
    "validation": 4,
    "test": 8,
    "scaling": "overall",
    "network": NETWORK,
}
TRAINING: dict[str, Any] = {"optimizer": "adam", "rates": [0.01], "epochs": 40, "batch": 20, "keep": "best"}
METHODS: dict[str, Any] = {
    "chance": {},
    "eszsl": {"image_ridge": 0.1, "text_ridge": 0.1},
    "devise": {**TRAINING, "margin": 2.0},
    "contrastive": {**TRAINING, "temperature": 0.2, "width": 16},
}
CAPS = Size(repeats=2)
CONTENT: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def task(**changes: Any) -> Task:
    """The task's settings, with changes."""
    return Task.model_validate(TASK | changes)


def block(method: str, **changes: Any) -> Any:
    """A method's settings, with changes."""
    return getattr(Methods.model_validate(METHODS | {method: METHODS[method] | changes}), method)


def signs() -> Array:
    """Whether each class has each attribute, 1 or -1, (classes, attributes): every combination there is."""
    return 2.0 * (np.arange(CLASSES)[:, None] >> np.arange(ATTRIBUTES) & 1) - 1


def texts() -> Array:
    """A description of each class that has its attributes in it, of length 1, (classes, attributes)."""
    return unit(signs())


def raw(train: int = 12, test: int = 10, noise: float = 0.3, seed: int = 0) -> dict[str, Array]:
    """Images as rows: a random linear picture of the attributes, and noise."""
    rng = np.random.default_rng(seed)
    picture = np.linalg.qr(rng.normal(size=(WIDTH, ATTRIBUTES)))[0].T * 3  # (attributes, width)

    def part(count: int) -> tuple[Array, Array]:
        y = np.repeat(np.arange(CLASSES), count)
        return (signs()[y] @ picture + noise * rng.normal(size=(len(y), WIDTH))).astype(np.float32), y

    (train_x, train_y), (test_x, test_y) = part(train), part(test)
    names = np.array([f"class-{number}" for number in range(CLASSES)])
    return {"train_x": train_x, "train_y": train_y, "test_x": test_x, "test_y": test_y, "classes": names}


def params(**changes: Any) -> dict[str, Any]:
    """The project's params.yaml with the planted task as its only cross-modal one, and with changes."""
    content = copy.deepcopy(CONTENT)
    content["run"]["datasets"].append("planted")
    content["datasets"]["planted"] = {"kind": "fashion-mnist"}
    content["run"]["crossmodal"] = {
        "tasks": {"planted": {"images": "planted", "texts": "tasks/crossmodal/descriptions.yaml"}},
        "names": ["planted"],
        "methods": list(METHODS),
    }
    content["crossmodal"] = copy.deepcopy({"tasks": {"planted": TASK}, "methods": METHODS})
    sizes = {"full": {"repeats": 2}, "smoke": {"repeats": 1, "epochs": 2, "source_rows": 64, "test_rows": 80}}
    return content | {"seed": 1, "size": "full", "sizes": sizes} | changes


def write(folder: Path, **changes: Any) -> None:
    """params.yaml of a project in ``folder``."""
    with (folder / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(params(**changes), file)
