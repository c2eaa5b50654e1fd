"""A file of weights of a backbone, that a person trained or was given: `.keras`, `.weights.h5` or `.h5`."""

from __future__ import annotations

from pathlib import Path

from tasks.common import paths
from tasks.common.artifacts import Arrays
from tasks.common.schema.own import OwnWeights

MOST = 2**32
"""Bytes of the file that are read."""


def load(settings: OwnWeights, path: Path) -> Arrays:
    """float32 arrays ``<layer>/<variable>`` of the backbone ``settings.of``.

    Raises:
        UserError: If it is no such file, a pickle, or has another network's weights.
    """
    from tasks.models.backbone_files import from_file  # brings in TensorFlow: not before it is needed

    return from_file(paths.a_file(path, MOST), settings.of)
