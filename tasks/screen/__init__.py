"""How well a source model's outputs or features suit a target, from one forward pass and no training.

All are called with what the model gives for labelled target samples, and the labels; larger is better. They compare
source models for one target; their values mean nothing from one target to another.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tasks.screen import hscore, leep, logme

Score = Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], float]

OF_PROBABILITIES: Mapping[str, Score] = {"leep": leep.score}  # the source's classes, (n, source classes)
OF_FEATURES: Mapping[str, Score] = {"logme": logme.score, "h-score": hscore.score}  # before its head, (n, features)
