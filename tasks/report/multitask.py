"""Both tasks of the methods that learn two: accuracy, auxiliary error, and Δp over a network for each task."""

from collections.abc import Iterator

import numpy as np

from tasks.report import formats
from tasks.report.results import Results
from tasks.report.statistics import summary
from tasks.report.verdict import Verdict

HEADER = ["method", "accuracy", "auxiliary error", "Δp", "95 % interval"]
ABOUT = (
    "Δp is the mean over both tasks of how much better than its own network's a method's measure is, relative to it. "
    "The auxiliary error is in squared standard deviations. The class alone chose rates and epochs, except for the "
    "control's auxiliary network."
)


def rows(results: Results, verdict: Verdict) -> Iterator[list[str]]:
    """A row for each method that learns the auxiliary quantities, as `HEADER` says; accuracy and Δp in percent."""
    for name in results.order:
        found = results.methods[name].multitask
        if found is None:
            continue
        errors = np.array([np.nan if error is None else error for error in found.auxiliary_error])
        alone = found.delta_p is None and name not in verdict.candidates
        yield [
            name,
            formats.spread(*verdict.means[name], scale=100),
            formats.spread(*summary(errors), digits=3),
            "control" if alone else formats.points(found.delta_p_mean),
            "" if alone else formats.interval(found.delta_p_interval),
        ]
