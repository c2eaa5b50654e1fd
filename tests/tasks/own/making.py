"""Small data of every kind, whole, for tests to break."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tasks.common.artifacts import Arrays
from tasks.common.schema import own
from tasks.own import KINDS

ROWS = 40
TABLE: Mapping[str, Any] = {
    "kind": "own-table",
    "target": "label",
    "classes": ["no", "yes"],
    "numbers": ["age", "income"],
    "categories": ["city"],
}
NPZ: Mapping[str, Any] = {"kind": "own-arrays", "images": False, "classes": ["0", "1"]}
IMAGES: Mapping[str, Any] = {"kind": "own-images", "classes": ["cat", "dog"], "side": 8}
TEXT: Mapping[str, Any] = {"kind": "own-text", "classes": ["bad", "good"]}


def csv(change: Callable[[list[list[str]]], object] = lambda rows: None, end: str = "\n") -> str:
    """A table of 40 rows with a header, as text; ``change`` gets its rows, the header first."""
    rng = np.random.default_rng(0)
    rows = [["age", "income", "city", "label"]]
    for number in range(ROWS):
        age, income = f"{20 + number * 1.5:.1f}", f"{rng.normal(30, 5):.3f}"
        rows.append([age, income, ["Oslo", "Rome", "Lima"][number % 3], ["no", "yes"][number * 7 % 5 % 2]])
    change(rows)
    return end.join(",".join(row) for row in rows) + end


def table(path: Path, content: str | bytes, **changes: Any) -> Arrays:
    """The data set of a CSV file with this content."""
    path = path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path, TABLE | changes)


def load(path: Path, settings: Mapping[str, Any]) -> Arrays:
    """The data set that a block of params.yaml describes."""
    kind = {
        "own-table": own.OwnTable,
        "own-arrays": own.OwnArrays,
        "own-images": own.OwnImages,
        "own-text": own.OwnText,
    }
    return KINDS[settings["kind"]](kind[settings["kind"]].model_validate(dict(settings)), path, 1)


def images(path: Path, count: int = 6) -> Path:
    """A folder with ``count`` images of cats and of dogs, which differ."""
    rng = np.random.default_rng(0)
    for name in IMAGES["classes"]:
        (path / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(rng.integers(0, 256, (12, 10, 3), np.uint8)).save(path / name / f"{number}.png")
    return path


def arrays(path: Path, **changes: Any) -> Path:
    """A .npz file with x (20, 3) and y (20,); None as a change leaves an array out."""
    content = {"x": np.random.default_rng(0).normal(size=(20, 3)), "y": np.arange(20) % 2} | changes
    np.savez(path / "data.npz", **{name: values for name, values in content.items() if values is not None})
    return path / "data.npz"


def text(path: Path, content: str) -> Arrays:
    """The data set of a text file with this content."""
    (path / "data.txt").write_text(content)
    return load(path / "data.txt", TEXT)
