"""params.yaml: what is wrong is said at once, in words, before anything runs."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tasks.common import params
from tasks.common.errors import UserError

ROOT = Path(__file__).parents[2]
CONTENT = YAML(typ="safe").load((ROOT / "params.yaml").read_text())


def budgets(content: dict[str, Any], **values: Any) -> None:
    content["suites"]["dense"]["budgets"] = {"methods": [], "percent": []} | values


def dense(content: dict[str, Any]) -> dict[str, Any]:
    """The method lists of suite `dense`."""
    methods: dict[str, Any] = content["suites"]["dense"]["methods"]
    return methods


def complaint(change: Callable[[dict[str, Any]], object]) -> str:
    """The error that a changed params.yaml gives."""
    content = copy.deepcopy(CONTENT)
    change(content)
    with pytest.raises(UserError) as error:
        params.parse(content)
    return str(error.value)


def test_the_projects_own_file_is_right():
    loaded = params.parse(CONTENT)
    assert loaded.caps.repeats == 5
    assert "fine-tuning" in loaded.methods("tables").transfer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["run"]["studies"].update({"fashion-puller": c["run"]["studies"]["tables"]}), "run.studies has 'fashion-puller'; known: fashion-pullover"),
        (lambda c: dense(c)["transfer"].append("fine-tunning"), "Did you mean 'fine-tuning'?"),
        (lambda c: dense(c)["mtl"].append("hard-sharing"), "suites.dense.methods.mtl names a method twice"),
        (lambda c: dense(c)["transfer"].remove("scratch"), "suites.dense.methods.transfer leaves out 'scratch'"),
        (lambda c: dense(c).update(transfer=["scratch", "scratch-tuned"], origins=[]), "distill wants a teacher"),
        (lambda c: c["run"]["datasets"].remove("tables"), "needs data set 'tables', which run.datasets leaves out"),
        (lambda c: budgets(c, methods=["fine-tuning"]), "suites.dense.budgets has no percent; name some, or leave both empty"),
        (lambda c: budgets(c, methods=["fine-tunin"], percent=[50]), "suites.dense.budgets.methods has 'fine-tunin'; known: scratch,"),
        (lambda c: budgets(c, methods=["scratch"], percent=[100]), "suites.dense.budgets.percent has 100, which every method is"),
        (lambda c: budgets(c, methods=["scratch"], percent=[50, 50]), "suites.dense.budgets names something twice: scratch, 50, 50"),
        (lambda c: budgets(c, methods=["scratch"], percent=[700]), "suites.dense.budgets.percent has 700; fashion-pullover has labels for 600"),
        (lambda c: budgets(c, methods=["scratch"], percent=[2]), "has 2: 2 labels in tables, fewer than its 3 classes"),
        (lambda c: dense(c).update(pretrain=[]), "suites.dense.methods.pretrain is []"),
        (lambda c: dense(c).update(origins=["scratch"]), "suites.dense.methods.origins has 'scratch', which is no transfer method"),
        (lambda c: dense(c).update(sources=["supervised"]), "suites.dense.methods.sources has 'supervised'; expected one of"),
        (lambda c: c["run"]["studies"]["tables"].update(suite="images"), "suites.images.studies leaves it out; add it there"),
        (lambda c: c["suites"]["images"]["studies"].append("tables"), "suites.images.studies has 'tables', but run.studies does not"),
        (lambda c: c["studies"]["tables"]["network"].update(kind="densely"), "studies.tables.network.kind is 'densely'; known: backbone, convolutional, dense, embedding, hub, transformer."),
        (lambda c: c["studies"]["tables"]["student"].update(unit=[3]), "studies.tables.student has no key 'unit'; known: kind, units"),
        (lambda c: c["studies"]["tables"]["data"].update(auxiliary=[]), "tables: 'hard-sharing' learns a second task, and data.auxiliary names none."),
        (lambda c: c["studies"]["tables"]["data"].update(shared_labels=True), "there are 2 source and 3 target classes"),
        (lambda c: c.update(size="smok"), "size is 'smok'; known: full, smoke. Did you mean 'smoke'?"),
        (lambda c: c["transfer"]["scratch"].update(epoch=3), "transfer.scratch has no key 'epoch'; known: optimizer, rates, epochs"),
        (lambda c: c["transfer"]["scratch"].update(epochs=-1), "transfer.scratch.epochs is -1: input should be greater than 0"),
        (lambda c: c["transfer"]["scratch"].update(epochs="20"), "transfer.scratch.epochs is '20': input should be a valid integer"),
        (lambda c: c["transfer"]["scratch"].update(rates=[0.1, -1]), "transfer.scratch.rates.1 is -1"),
        (lambda c: c["transfer"]["fine-tuning"].update(layers={}), "transfer.fine-tuning.layers is {}"),
        (lambda c: c["distill"]["logits"].pop("temperature"), "distill.logits.temperature is missing"),
        (lambda c: c["distill"].update({"logit": {}}), "distill has no key 'logit'; known: logits, features, attention"),
        (lambda c: c["studies"]["tables"]["data"]["target"].update(unlabelled=0), "tables: 'unlabelled' learns from unlabelled target samples"),
        (lambda c: dense(c)["distill"].append("attention"), "tables: 'attention' compares where two convolutional networks look"),
        (lambda c: c["distill"]["features"].update(hint="hidden-3"), "tables: features.hint has 'hidden-3'; known: penultimate, hidden-1, hidden-2."),
        (lambda c: c["overrides"]["tables"].update(features={"guided": "hidden-2"}), "tables: features.guided has 'hidden-2'; known: penultimate, hidden-1."),
        (lambda c: c["datasets"]["tables"].update(kind="table"), "datasets.tables.kind is 'table'"),
        (lambda c: c["datasets"]["tables"].update(relatedness=1.5), "datasets.tables.relatedness is 1.5"),
        (lambda c: c["datasets"]["tables"].update(features=4), "datasets.tables.features is 4: input should be greater than or equal to 5"),
        (lambda c: c["datasets"]["tables"].update(relatednes=1), "Did you mean 'relatedness'?"),
        (lambda c: c["studies"]["tables"]["data"]["target"]["classes"].append("target-9"), "studies.tables.data.target.classes has 'target-9'"),
        (lambda c: c["studies"]["tables"]["data"]["target"].update(labelled=3901), "asks for 3901 labelled, 100 validation and 200 unlabelled samples; its classes have 4000"),
        (lambda c: c["studies"]["fashion-sandal"]["data"]["target"].update(labelled=12_000), "its classes have 12000 in all"),
        (lambda c: c["studies"]["tables"]["data"]["target"].update(validation=2), "fewer than its 3 classes"),
        (lambda c: c["studies"]["tables"]["data"].update(auxiliary=["ink"]), "auxiliary has 'ink'; known: response"),
        (lambda c: c["studies"]["tables"]["data"].update(scaling="unit"), "studies.tables.data.scaling is 'unit', which is for images"),
        (lambda c: c["overrides"].pop("tables"), "overrides.tables is missing; add `tables: *none`"),
        (lambda c: c["overrides"]["tables"].pop("logits"), "lacks 'logits'; add `logits: {}`"),
        (lambda c: c["overrides"]["tables"].update(logits={"temperature": 0}), "overrides.tables.logits: temperature is 0"),
        (lambda c: c["transfer"]["fine-tuning"].update(layers=4), "tables: fine-tuning.layers is 4; the network has 2 hidden layers"),
        (lambda c: c["transfer"]["fine-tuning"].update(layers=["hidden-9"]), "fine-tuning.layers has hidden-9; the network has hidden-1"),
        (lambda c: c.update(sead=1), "the file has no key 'sead'; known: run, suites, seed"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(change: Callable[[dict[str, Any]], object], message: str):
    assert message in complaint(change)


def test_all_complaints_come_at_once():
    def change(content: dict[str, Any]) -> None:
        content["transfer"]["scratch"].update(epochs=-1, batch=0)
        content["seed"] = "one"

    assert complaint(change).startswith("params.yaml: 3 things are wrong.\n")


def test_an_override_changes_one_method_of_one_study_and_the_size_caps_all():
    content = copy.deepcopy(CONTENT)
    content["overrides"]["tables"] = content["overrides"]["tables"] | {"scratch": {"epochs": 7}}
    loaded = params.parse(content)
    assert loaded.settings("tables", "transfer", "scratch").epochs == 7
    assert loaded.settings("fashion-sandal", "transfer", "scratch").epochs == 20
    smoke = params.parse(content | {"size": "smoke"})
    assert smoke.settings("tables", "transfer", "scratch").epochs == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "params.yaml was not found"),
        ("run: [", "params.yaml is not valid YAML"),
        ("- a", "params.yaml holds list"),
        ("a: 1\na: 2\n", "params.yaml is not valid YAML"),
        (b"\xff\xfe\x00", "params.yaml is not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_message_and_exit_code_2(
    tmp_path: Path, text: str | bytes | None, message: str
):
    if text is not None:
        (tmp_path / "params.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(
        [sys.executable, "-m", "tasks.check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert "Traceback" not in done.stderr
