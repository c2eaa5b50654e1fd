"""How much memory a study of own images takes, when these are more than memory is meant to hold.

Run: python -m benchmarks.memory [GIGABYTES]      4 by default; three times that on the disk, and minutes

Makes a folder of noisy photos of ten classes and a small one of others of them, and runs the stages of a study one
after another: the large one is the source, of the small one 100 are labelled. Peak memory is what the system counts of
each stage's process; the figures go to benchmarks/history.csv too.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from benchmarks import history
from benchmarks.processes import cost

HOUSE = Path(__file__).parents[1]
SIDE, CLASSES, LEAST = 364, 10, 400
STAGES = (
    "own --dataset many",
    "own --dataset few",
    "split --study photos --source many --target few",
    "pretrain --study photos --method supervised",
    "transfer --study photos --method scratch",
    "transfer --study photos --method fine-tuning",
)


def photos(folder: Path, count: int, seed: int) -> None:
    """A folder of PNG files for each class: a coarse pattern of its own under as much noise."""
    random = np.random.default_rng(seed)
    patterns = np.random.default_rng(0).integers(0, 128, (CLASSES, 14, 14, 3), np.uint8)
    for number in range(count):
        home = folder / f"class-{number % CLASSES}"
        home.mkdir(parents=True, exist_ok=True)
        pattern = patterns[number % CLASSES].repeat(SIDE // 14, axis=0).repeat(SIDE // 14, axis=1)
        noise = np.frombuffer(random.bytes(pattern.size), np.uint8).reshape(pattern.shape)
        # Noise cannot be compressed, so no time is spent on it.
        Image.fromarray(pattern + noise // 2).save(home / f"{number:06}.png", compress_level=0)


def params() -> dict[str, Any]:
    """The project's, with one study of these photos."""
    content: dict[str, Any] = yaml.safe_load((HOUSE / "params.yaml").read_text())
    for suite in content["suites"].values():
        suite["studies"] = []
    methods = {"pretrain": ["supervised"], "transfer": ["scratch", "fine-tuning"], "start": "supervised"}
    content["suites"]["images"] |= {"studies": ["photos"], "methods": methods}
    content["suites"]["images"]["budgets"] = {"methods": [], "percent": []}
    content["run"] |= {
        "studies": {"photos": {"source": "many", "target": "few", "suite": "images"}},
        "datasets": [],
        "weights": [],
        "weight_files": {},
        "given": {},
        "embedded": {},
        "files": {"many": "many", "few": "few"},
    }
    for other in ("fewshot", "crossmodal"):
        content["run"][other] |= {"tasks": {}, "names": []}
    names = [f"class-{number}" for number in range(CLASSES)]
    own = {"kind": "own-images", "classes": names, "side": SIDE}
    content["datasets"] |= {"many": own | {"test": 0.02}, "few": own | {"test": 0.5}}
    network = {"kind": "convolutional", "filters": [4, 8, 8, 8], "units": [16], "activation": "relu"}
    content["studies"]["photos"] = {
        "question": "How much memory does it take?",
        "data": {
            "source": {"classes": "all"},
            "target": {"classes": "all", "labelled": 100, "validation": 100},
            "scaling": "standardise",
        },
        "network": network | {"initializer": "he_normal"},
        "student": network | {"initializer": "he_normal"},
    }
    short = {"epochs": 1, "rates": [0.001]}
    content["overrides"]["photos"] = {"supervised": short, "scratch": short, "fine-tuning": short}
    content["sizes"]["full"]["repeats"] = 1
    return content


def main(gigabytes: float = 4) -> None:
    """Make the photos, run the stages, print a table, note the figures."""
    path = os.pathsep.join(filter(None, [str(HOUSE), os.environ.get("PYTHONPATH")]))
    folder = Path(tempfile.mkdtemp(prefix="bench-memory-"))
    try:
        photos(folder / "many", round(gigabytes * 2**30 / (3 * SIDE**2)) + 1, seed=1)
        photos(folder / "few", LEAST, seed=2)
        (folder / "params.yaml").write_text(yaml.safe_dump(params()))
        size = sum(file.stat().st_size for file in (folder / "many").rglob("*.png"))
        print(history.head(f"{size / 2**30:.2f} GiB of images", "seconds", "peak, GiB"), flush=True)
        for command in STAGES:
            found = cost(f"tasks.{command}".split(), folder, os.environ | {"PYTHONPATH": path})
            print(history.row(command, f"{found.wall_s:.0f}", f"{found.peak_mib / 1024:.2f}"), flush=True)
            history.note(f"memory {size / 2**30:.2f} GiB {command}", found.figures)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
