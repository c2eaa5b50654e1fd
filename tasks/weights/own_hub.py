"""A folder with a SavedModel in the form of TensorFlow Hub."""

from __future__ import annotations

from pathlib import Path

from tasks.common import saved_model
from tasks.common.artifacts import Arrays
from tasks.common.schema.own import OwnHub


def load(_settings: OwnHub, path: Path) -> Arrays:
    """Its files, as `saved_model.packed` gives them; what it takes and gives is printed.

    Raises:
        UserError: If it is no such folder, or cannot be opened.
    """
    from tasks.common import hub_module  # TensorFlow, which other weights do without

    arrays = saved_model.packed(path)
    print(hub_module.opened(arrays).describe())
    return arrays
