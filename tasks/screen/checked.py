"""What all scores ask of their arguments."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def checked(rows: Array, y: Array) -> tuple[Array, Array]:
    """``rows`` (n, k) as float64 and labels (n,) renumbered to 0..classes - 1, without gaps.

    Raises:
        ValueError: If they do not fit together, are not finite, or there are fewer than two classes.
    """
    rows, y = np.asarray(rows, np.float64), np.asarray(y)
    if rows.ndim != 2 or y.shape != rows.shape[:1]:
        raise ValueError(f"rows have shape {rows.shape} and labels {y.shape}; expected (n, k) and (n,)")
    if not np.isfinite(rows).all():
        raise ValueError("rows hold NaN or infinity")
    found, numbers = np.unique(y, return_inverse=True)
    if len(found) < 2:
        raise ValueError(f"labels hold {len(found)} classes; expected two at least")
    return rows, numbers
