"""Weights that others trained, by the `kind` of their data set; all are called (settings, place) and return arrays.

    weights, own-weights   an array ``<layer>/<variable>`` for each variable of the network that `tasks.models.build`
                           makes of such weights, without its head
    hub, own-hub           the files of a SavedModel, as `tasks.common.saved_model` has them

``place`` is the file or folder of a person's own; None of the others.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tasks.common.artifacts import Arrays
from tasks.weights import hub, named, own_file, own_hub

KINDS: Mapping[str, Callable[[Any, Any], Arrays]] = {
    "weights": lambda settings, _: named.load(settings),
    "hub": lambda settings, _: hub.load(settings),
    "own-weights": own_file.load,
    "own-hub": own_hub.load,
}
