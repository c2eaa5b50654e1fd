"""How long a study will take and how much memory, before it runs: an estimate by a simple model, within a factor of 3.

    seconds of a method = START + samples · (SAMPLE + multiply-adds · (MULTIPLY_ADD or CONVOLVED))

``samples`` are those that all its trainings see: repeats × rates (× weights) × epochs × training samples;
``multiply-adds`` those of one prediction, and training costs a fixed multiple. The constants are fitted to 80 stages on
one core of a 2-core machine: dense networks of 7,000 to 275,000 multiply-adds, convolutional ones of 90,000. A process
needs `BASE` of memory for TensorFlow and `COPIES` times the samples it works on as float32; of images that stay in
their file (`tasks.common.lazy`) those are `BATCH`. What deep networks make of a batch is not counted.
"""

from __future__ import annotations

import ast
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.common import limits
from tasks.common.backbones import BACKBONES
from tasks.common.catalogue import KINDS, classes_of
from tasks.common.given import TEXTS
from tasks.common.params import Params
from tasks.common.schema.study import Network, Study
from tasks.common.studies import named

START, SAMPLE, MULTIPLY_ADD, CONVOLVED, BACKBONE = 4.5, 9e-6, 1.1e-10, 2.8e-10, 5e-10  # seconds
BASE, COPIES, BATCH = 750 * 2**20, 4, 64
OTHERS = 4
"""Stages of a study that train nothing: split, the teacher's choice, evaluation, report."""
FROZEN = ("fixed", "feature-extraction")
"""Methods that see every sample through the network once, and train on what it makes of them."""
PROBE = "probe_epochs"
"""Epochs of a head alone."""
ROWS_OF_A_CATEGORY = 8
"""Inputs that a category column is taken for before it is read."""

RAW = Path("data/raw")


@dataclass(frozen=True)
class Data:
    """What is known of a data set: the shape of a sample as a network sees it, and samples to train on, if at all."""

    shape: tuple[int, ...]
    rows: int | None


@dataclass(frozen=True)
class Estimate:
    """Of one study: seconds on one core, bytes of its largest training process, methods, samples that trainings see."""

    seconds: float
    memory: float
    methods: int
    samples: int


def multiply_adds(network: Network, shape: tuple[int, ...], outputs: int) -> int:
    """Of one prediction, as `tasks.models.cost` counts them in the network itself."""
    if network.kind == "backbone":
        facts = BACKBONES[network.name]  # nearly all of it is convolved, so it goes with the area
        return round(facts.multiply_adds * shape[0] * shape[1] / facts.side**2)
    if network.kind == "transformer":
        length, wide = shape[0], network.width
        block = length * (4 * wide**2 + 2 * wide * network.inner) + 2 * length**2 * wide
        return int(network.blocks * block + wide * outputs)
    if network.kind == "hub":
        return 0  # nobody knows before it is loaded
    total, width = 0, network.width if network.kind == "embedding" else math.prod(shape)
    if network.kind == "convolutional":
        height, breadth, channels = *shape[:2], (shape[2] if len(shape) > 2 else 1)
        for filters in network.filters:
            total += height * breadth * 9 * channels * filters
            height, breadth, channels = height // 2, breadth // 2, filters
        width = height * breadth * channels
    for units in [*network.units, outputs]:
        total += width * units
        width = units
    return total


def of_study(params: Params, name: str) -> Estimate | None:
    """What a study will cost; None where too little is known of its data."""
    study, chosen, caps = params.studies[name], params.run.studies[name], params.caps
    source, target = (known(params, dataset, study) for dataset in (chosen.source, chosen.target))
    if source is None or target is None:
        return None
    outputs = len(named(study.data.target.classes, params.datasets[chosen.target]))
    pool = source_rows(params, name, source)
    per_sample = {
        kind: SAMPLE + _rate(network) * multiply_adds(network, target.shape, outputs)
        for kind, network in (("network", study.network), ("student", study.student))
    }
    seen = stages_seen(params, name, pool)
    seconds = OTHERS * START + sum(
        START + samples * per_sample["student" if family == "distill" else "network"] for family, samples in seen
    )
    unlabelled = study.data.target.unlabelled
    rows = (pool, caps.repeats * (study.data.target.labelled + study.data.target.validation + unlabelled))
    memory = BASE + COPIES * max(held(count, target.shape) for count in rows)
    return Estimate(seconds, memory, len(params.methods(name).families), sum(samples for _, samples in seen))


def held(rows: int, shape: tuple[int, ...]) -> int:
    """Bytes of samples, as float32, that are in memory at a time."""
    whole = rows * math.prod(shape) * 4
    return BATCH * math.prod(shape) * 4 if len(shape) > 1 and whole > limits.IMAGES else whole


def stages_seen(params: Params, name: str, pool: int) -> list[tuple[str, int]]:
    """Of each stage that trains: the method's family, and the samples that its trainings see in all repeats."""
    methods, budgets = params.methods(name), params.suites[params.run.studies[name].suite].budgets
    trained: list[tuple[str, str, int]] = [(method, family, 100) for method, family in methods.families.items()]
    trained += [(method, "transfer", 100) for _ in methods.sources for method in methods.origins]
    trained += [(method, "transfer", percent) for method in budgets.methods for percent in budgets.percent]
    repeats = {"pretrain": params.pretrain.repeats}
    return [
        (
            family,
            samples_seen(params, name, family, method, pool)
            * repeats.get(family, params.caps.repeats)
            * percent
            // 100,
        )
        for method, family, percent in trained
    ]


def _rate(network: Network) -> float:
    return {"convolutional": CONVOLVED, "backbone": BACKBONE}.get(network.kind, MULTIPLY_ADD)


def source_rows(params: Params, name: str, source: Data) -> int:
    """Samples of the source that are trained on; a tenth is held out to choose the epoch."""
    study, dataset = params.studies[name], params.datasets[params.run.studies[name].source]
    chosen, all_of = named(study.data.source.classes, dataset), classes_of(dataset)
    limits = [params.caps.source_rows, study.data.source.rows]
    limits.append(round(source.rows * len(chosen) / len(all_of)) if source.rows else None)
    known_limits = [limit for limit in limits if limit]
    return round(0.9 * min(known_limits)) if known_limits else 0


def samples_seen(params: Params, name: str, family: Any, method: str, pool: int) -> int:
    """By all trainings of a method in one repeat."""
    settings: Mapping[str, Any] = params.settings(name, family, method).model_dump()
    target, network = params.studies[name].data.target, params.studies[name].network
    deep = network.kind in ("backbone", "transformer")  # frozen layers see every sample once
    epochs = sum(value for key, value in settings.items() if key.endswith("epochs") and not (deep and key == PROBE))
    if deep and method in FROZEN:
        return target.labelled + target.validation
    trainings = len(settings.get("rates", [])) * len(settings.get("weights", [0]))
    rows = target.labelled
    if family == "pretrain":
        rows, trainings = pool, trainings * (len(network.hidden) if method == "greedy" else 1)
    elif family == "adapt":
        rows = target.unlabelled if method == "target-oracle" else pool
    elif method == "depth-sweep":
        trainings *= len(network.hidden) + 1
    elif method == "self":
        trainings *= 1 + settings["generations"]
    elif method in ("unlabelled", "augmented", "joint"):
        rows += min(rows, target.unlabelled) if method == "unlabelled" else rows
    return int(trainings * epochs * rows)


def known(params: Params, dataset: str, study: Study) -> Data | None:
    """The shape and number of a data set's samples: from what was read before, else from what params.yaml says."""
    settings = params.datasets[dataset]
    read = header(RAW / f"{dataset}.npz", "train_x")
    if read and len(read) > 1:
        return Data(read[1:], read[0])
    rows, per_class = read[0] if read else None, KINDS[settings.kind].per_class if settings.kind in KINDS else None
    rows = rows or (per_class * len(classes_of(settings)) if per_class else getattr(settings, "source_rows", None))
    if dataset in params.run.files:
        rows = rows or counted(Path(params.run.files[dataset]), settings)
    if settings.kind == "embedded":
        weights = params.datasets[params.run.embedded[dataset].by]
        made: Any = TEXTS.get(getattr(weights, "of", ""), {}).get("width")
        return Data((made,), rows) if made else None
    shape = shape_of(settings, Path(params.run.files.get(dataset, "")), study)
    return Data(shape, rows) if shape else None


def shape_of(settings: Any, path: Path, study: Study) -> tuple[int, ...] | None:
    """The shape of a sample by its data set's block; categories count as `ROWS_OF_A_CATEGORY` inputs."""
    features = study.data.encoding.features
    if settings.kind == "own-arrays":
        read = header(path, settings.x)
        return read[1:] if read else None
    if settings.kind == "own-table":
        numbers = len(settings.numbers) + len(settings.dates)
        return (numbers + ROWS_OF_A_CATEGORY * len(settings.categories) + features * len(settings.texts),)
    if settings.kind in ("tables", "shifted-tables"):
        return (settings.features,)
    if settings.kind == "reviews" or getattr(settings, "tokens", "none") != "none":
        return (settings.length,)
    colours = (3,) if getattr(settings, "colour", settings.kind == "clothing") else ()
    sides = {"fashion-mnist": 28, "emnist": 28, "digits": 8, "own-images": getattr(settings, "side", 0)}
    side = sides.get(settings.kind) or getattr(settings, "side", 0)
    return {"letters": (16,), "own-text": (features,)}.get(settings.kind) or (side, side, *colours)


def counted(path: Path, settings: Any) -> int | None:
    """About how many samples a person's file has for training: lines of a text, files in a folder, rows of arrays."""
    try:
        if path.is_dir():
            count = sum(entry.is_file() for entry in path.rglob("*"))
        elif settings.kind == "own-arrays":
            count = (header(path, settings.x) or (0,))[0]
        elif path.suffix.lower() in (".parquet", ".pq"):
            return None  # its reader takes a second to import
        else:
            with path.open("rb") as file:
                count = sum(1 for _ in file)
    except OSError:
        return None
    share = settings.test if isinstance(settings.test, float) else 0.0
    return round(count * (1 - share))


def header(path: Path, array: str) -> tuple[int, ...] | None:
    """The shape of an array in a .npz file, None if it is not there or not readable. Needs no NumPy."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{array}.npy") as member:
            start = member.read(10)
            length = int.from_bytes(start[8:10], "little")
            if start[6] > 1:  # versions 2 and 3 have four bytes for it
                length = int.from_bytes(start[8:10] + member.read(2), "little")
            shape = ast.literal_eval(member.read(length).decode())["shape"]
            return tuple(int(side) for side in shape)
    except (OSError, KeyError, IndexError, ValueError, SyntaxError, TypeError, zipfile.BadZipFile):
        return None


def said(estimate: Estimate | None) -> str:
    """For a person."""
    if estimate is None:
        return "cannot be told before its data were read"
    minutes = estimate.seconds / 60
    time = f"{estimate.seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
    memory = f"{estimate.memory / 2**30:.1f} GiB" if estimate.memory > 2**30 else f"{estimate.memory / 2**20:.0f} MiB"
    return (
        f"about {time} of one core, {memory} a process ({estimate.methods} methods, "
        f"{estimate.samples / 1e6:.1f} million samples seen)"
    )
