"""Own data in params.yaml: what is wrong together is said before any file is opened."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tasks.common import params
from tasks.common.errors import UserError
from tests.tasks.test_params import CONTENT

PEOPLE = {"kind": "own-table", "target": "label", "classes": ["no", "yes"], "numbers": ["age"]}


def content() -> dict[str, Any]:
    """params.yaml with a study of two own tables."""
    found: dict[str, Any] = copy.deepcopy(CONTENT)
    found["run"]["files"] = {"people": "people.csv", "others": "others.csv"}
    found["run"]["studies"]["people"] = {"source": "others", "target": "people", "suite": "basics"}
    found["suites"]["basics"]["studies"].append("people")
    found["datasets"] |= {"people": dict(PEOPLE), "others": dict(PEOPLE)}
    found["studies"]["people"] = copy.deepcopy(found["studies"]["letters"])
    found["studies"]["people"]["data"] = {
        "source": {"classes": "all"},
        "target": {"classes": "all", "labelled": 10, "validation": 10},
        "scaling": "standardise",
    }
    found["overrides"]["people"] = found["overrides"]["letters"]
    return found


def test_a_study_of_own_tables_is_right() -> None:
    assert params.parse(content()).datasets["people"].kind == "own-table"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["run"]["files"].pop("people"), "needs data set 'people', which run.files leaves out"),
        (lambda c: c["run"]["files"].update(peeple="x.csv"), "run.files has 'peeple'; known:"),
        (lambda c: c["run"]["files"].update(tables="x.csv"), "run.files has 'tables', of kind tables; name it under run.datasets"),
        (lambda c: c["run"]["datasets"].append("people"), "run.datasets has 'people', of kind own-table; name it under run.files"),
        (lambda c: c["datasets"]["people"].update(number=["x"]), "datasets.people has no key 'number'; known: outside, test, classes"),
        (lambda c: c["datasets"]["people"].update(categories=["age"]), "datasets.people: column 'age' stands in two of its lists"),
        (lambda c: c["datasets"]["people"].update(numbers=["label"]), "datasets.people: column 'label' is the target and an input"),
        (lambda c: c["datasets"]["people"].update(test=1.5), "datasets.people.test is 1.5"),
        (lambda c: c["datasets"]["people"].update(test={"column": "p", "valuse": ["x"]}), "has no key 'valuse'; known: column, values"),
        (lambda c: c["datasets"]["people"].update(classes=["no"]), "datasets.people.classes is ['no']"),
        (lambda c: c["datasets"]["people"].update(kind="own-tabel"), "Did you mean 'own-table'?"),
        (lambda c: c["studies"]["people"]["data"]["target"].update(classes=["no", "yep"]), "studies.people.data.target.classes has 'yep'; known: no, yes"),
        (lambda c: c["studies"]["people"]["data"].update(scaling="unit"), "which is for images"),
        (lambda c: c["studies"]["people"]["data"].update(duplicates="keep"), "studies.people.data.duplicates is 'keep'"),
        (lambda c: c["studies"]["people"]["data"].update(encoding={"features": 0}), "studies.people.data.encoding.features is 0"),
        (lambda c: c["studies"]["people"]["network"].update(kind="convolutional", filters=[4]), "source samples are no images"),
        (lambda c: c["run"]["studies"]["people"].update(source="people"), "has no, yes on both sides, of one data set"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(change: Callable[[dict[str, Any]], object], message: str) -> None:
    changed = content()
    change(changed)
    with pytest.raises(UserError) as error:
        params.parse(changed)
    assert message in str(error.value)
