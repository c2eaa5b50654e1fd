"""The evaluations in a folder that has the project's shape, each judged by the rules of today."""

from dataclasses import dataclass
from pathlib import Path

from tasks.common.artifacts import read_json
from tasks.report import results, verdict
from tasks.report.results import Results
from tasks.report.statistics import Word
from tasks.report.verdict import Verdict


@dataclass(frozen=True)
class Evaluation:
    """One study.

    Attributes:
        recorded: {method: word} as verdict.json has it; the rules may have been others then.
    """

    results: Results
    verdict: Verdict
    recorded: dict[str, str]

    def word(self, method: str) -> Word | None:
        """The word on a method; None for a control, or one without a fair control."""
        return self.verdict.fair[method][1].word if method in self.verdict.fair else None


def find(folder: Path) -> dict[str, Evaluation]:
    """{study: its evaluation}, in the order of their names.

    Raises:
        UserError: If a results.json cannot be read.
    """
    found = {}
    for path in sorted((folder / "data" / "evaluate").glob("*/results.json")):
        read = results.read(path)
        study = path.parent.name
        found[study] = Evaluation(read, verdict.judge(read), words(folder, study))
    return found


def words(folder: Path, study: str) -> dict[str, str]:
    """{method: word} of the study's verdict.json; {} where there is none."""
    path = folder / "data" / "report" / study / "verdict.json"
    content = read_json(path) if path.is_file() else {}
    return {name: one["verdict"] for name, one in content.items() if isinstance(one, dict) and "verdict" in one}
