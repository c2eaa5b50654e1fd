"""What the tests of compare, gate and same share: made-up evaluations on disk."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_made_up import content

Make = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Make:
    """``folder("old", study={method: accuracies}, ...)`` is a folder with their results.json."""

    def make(name: str, *, test_variance: float = 0.0, **studies: dict[str, Sequence[float | None]]) -> Path:
        for study, accuracies in studies.items():
            place = tmp_path / name / "data" / "evaluate" / study
            place.mkdir(parents=True)
            text = json.dumps(content(accuracies, test_variance=test_variance) | {"study": study})
            (place / "results.json").write_text(text)
        return tmp_path / name

    return make
