"""What lies beside the files, so that who ships one needs nothing else of the project."""

from typing import Any

import numpy as np

from tasks.common.backend import keras, tf
from tasks.common.intervals import of_mean
from tasks.common.samples import Scaling
from tasks.report.results import Results


def content(
    results: Results, method: str, why: list[str], repeat: int, values: str, scaling: Scaling
) -> dict[str, Any]:
    """A card without its files and weights; shares from 0 to 1.

    The accuracy is the method's over all repeats, not the file's: `tasks.export.shipped` measures that.
    ``values`` is the type of raw inputs: uint8 of pixels, int32 of words by their numbers, float32 of tables.
    ``scaling`` names the files that have it inside, and its figures, flat in C order, where another does not.
    """
    mean = of_mean(results.measure(method, "accuracy"), share=results.share)
    low, high = mean.interval or (None, None)
    always = values != "float32"
    inside = ["keras", "float32", "float16", *(["int8"] if always else [])]
    return {
        "study": results.study,
        "size": results.size,
        "method": method,
        "family": results.methods[method].family,
        "exported_as": why,
        "repeat": repeat,
        "classes": results.classes,
        "input": {"shape": list(scaling.shift.shape), "values": values},
        "output": "probabilities of the classes, in their order",
        "accuracy": {
            "mean": mean.mean,
            "interval": None if low is None or high is None else [max(low, 0.0), min(high, 1.0)],
            "repeats": results.repeats,
            "test_size": results.test_size,
        },
        "scaling": {
            "formula": "(x - shift) / scale",
            "inside": inside,
            "shift": None if always else np.ravel(scaling.shift).tolist(),
            "scale": None if always else np.ravel(scaling.scale).tolist(),
        },
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
    }
