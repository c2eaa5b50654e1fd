"""Small vocabularies and weights in the form of MiniLM's and GloVe's files, put where they are looked for."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest

from tasks.common import published, sources

LETTERED = "the film ##s un ##afford ##able good bad ! ' s not very a 你 cafe ## - $"
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERED.split()]
WORDS = ["the", ",", ".", "a", "'s", "n't", "good", "bad", "film", "do", "not", "well-made", "so", "..."]
VECTORS = np.random.default_rng(0).normal(size=(len(WORDS), 50)).astype(np.float32)


def put(monkeypatch: pytest.MonkeyPatch, name: str, files: Mapping[str, bytes]) -> None:
    """Makes a published thing one that has these files; they lie in the cache."""
    known = getattr(published, name)
    assert set(files) == set(known.sums)
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    monkeypatch.setattr(published, name, dataclasses.replace(known, sums=sums, urls=()))
    for file, content in files.items():
        sources.cache(known.name).mkdir(parents=True, exist_ok=True)
        (sources.cache(known.name) / file).write_bytes(content)


def minilm(monkeypatch: pytest.MonkeyPatch, tensors: Mapping[str, np.ndarray[Any, Any]] | None = None) -> None:
    """A MiniLM of `PIECES` and some arrays."""
    vocabulary = "".join(f"{piece}\n" for piece in PIECES).encode()
    put(monkeypatch, "MINILM", {"vocab.txt": vocabulary, "model.safetensors": safetensors(tensors or {})})


def glove(monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
    """A GloVe of `WORDS` and `VECTORS`."""
    fastparquet.write(str(room / "index"), pd.DataFrame({"index": WORDS}), compression="SNAPPY")
    np.save(room / "vectors.npy", VECTORS)
    files = {"glove_6B_index.parquet": "index", "glove_6B_50d_emb.npy": "vectors.npy"}
    put(monkeypatch, "GLOVE", {name: (room / file).read_bytes() for name, file in files.items()})


def safetensors(tensors: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    """A file as the library of that name writes it; int64 and float32 alone."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    content = b""
    for name, values in tensors.items():
        kind = {"float32": "F32", "int64": "I64"}[str(values.dtype)]
        ends = [len(content), len(content) + values.nbytes]
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": ends}
        content += np.ascontiguousarray(values).tobytes()
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + content
