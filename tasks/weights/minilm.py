"""MiniLM, six layers: a BERT-style encoder that was trained to bring sentences of the same meaning together.

Its word pieces and their numbers are BERT's (`tasks.common.pieces`). It was trained on texts without a second part, so
the vector that marks the first part is added to every position's; the pooler on top of BERT is left out.

Source: "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of Pre-Trained Transformers",
arXiv:2002.10957; sentence-transformers/all-MiniLM-L6-v2. Licence: Apache-2.0.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import published
from tasks.common.artifacts import Arrays
from tasks.common.schema.datasets import Weights

BLOCKS = 6
TYPES: Mapping[str, str] = {"F32": "<f4", "I64": "<i8"}
DENSE: Mapping[str, str] = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "output": "attention.output.dense",
    "inner": "intermediate.dense",
    "outer": "output.dense",
}
NORMS: Mapping[str, str] = {"attention-norm": "attention.output.LayerNorm", "norm": "output.LayerNorm"}


def load(_settings: Weights) -> Arrays:
    """float32 arrays ``<layer>/<variable>`` of `tasks.models`' transformer of vocabulary 30522, positions 512, width
    384, 6 blocks of 12 heads, inner 1536; kernels are (inputs, outputs).

    Raises:
        UserError: If no source has the weights, or the disk is full.
    """
    return named(tensors(published.MINILM.files()["model.safetensors"]), BLOCKS)


def tensors(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """All arrays of a safetensors file: eight bytes with the length of a JSON header, the header, then the numbers."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(content[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], kind).reshape(
            entry["shape"]
        )
        for name, entry in header.items()
        if (kind := TYPES.get(entry["dtype"]))
    }


def named(found: Mapping[str, np.ndarray[Any, Any]], blocks: int) -> Arrays:
    """BERT's arrays under the names of our transformer."""
    first = found["embeddings.token_type_embeddings.weight"][0]
    arrays: Arrays = {
        "embeddings-pieces/embeddings": found["embeddings.word_embeddings.weight"],
        "embeddings-positions/embeddings": found["embeddings.position_embeddings.weight"] + first,
        **_norm(found, "embeddings-norm", "embeddings.LayerNorm"),
    }
    for block in range(blocks):
        layer = f"encoder.layer.{block}"
        for ours, theirs in DENSE.items():
            name = f"block-{block + 1}-{ours}"
            # Theirs are (outputs, inputs). A copy, so that the file has rows of the transposed one.
            arrays[f"{name}/kernel"] = np.ascontiguousarray(found[f"{layer}.{theirs}.weight"].T)
            arrays[f"{name}/bias"] = found[f"{layer}.{theirs}.bias"]
        for ours, theirs in NORMS.items():
            arrays |= _norm(found, f"block-{block + 1}-{ours}", f"{layer}.{theirs}")
    return arrays


def _norm(found: Mapping[str, np.ndarray[Any, Any]], ours: str, theirs: str) -> Arrays:
    return {f"{ours}/gamma": found[f"{theirs}.weight"], f"{ours}/beta": found[f"{theirs}.bias"]}
