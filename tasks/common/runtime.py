"""Threads, oneDNN, determinism, and in what networks compute: settings of TensorFlow that change results."""

import contextlib
import os
from pathlib import Path

from ruamel.yaml import YAML


def configure(path: Path = Path("params.yaml")) -> None:
    """Set the environment TensorFlow and NumPy's BLAS read once, from the ``runtime`` block of params.yaml.

    Reads the file without checking it (`params.load` does, in every stage), so that importing this
    package never fails. Outside a project, such as in a unit test, one thread and determinism hold.
    """
    runtime = {"threads": 1, "onednn": True, "deterministic": True, "precision": "float32"}
    with contextlib.suppress(Exception):  # missing or broken: `params.load` says so, with a reason
        runtime |= YAML(typ="safe").load(path.read_text(encoding="utf-8"))["runtime"]
    threads = str(runtime["threads"])
    os.environ.update(
        OMP_NUM_THREADS=threads,
        OPENBLAS_NUM_THREADS=threads,
        TF_NUM_INTRAOP_THREADS=threads,
        TF_NUM_INTEROP_THREADS="1",
        TF_ENABLE_ONEDNN_OPTS=str(int(bool(runtime["onednn"]))),
        TF_DETERMINISTIC_OPS=str(int(bool(runtime["deterministic"]))),
        TF_FORCE_GPU_ALLOW_GROWTH="true",
        HEADWATER_PRECISION=str(runtime["precision"]),
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def precision() -> str:
    """What networks compute in while they are trained, as `configure` found it: a dtype policy of Keras."""
    return os.environ.get("HEADWATER_PRECISION", "float32")
