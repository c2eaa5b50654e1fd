"""What the report's tests share."""

from collections.abc import Callable

import pytest
from report_made_up import content

from tasks.report import results


@pytest.fixture
def make() -> Callable[..., results.Results]:
    """``make({method: accuracies})`` are parsed results."""
    return lambda accuracies, **rest: results.parse(content(accuracies, **rest))
