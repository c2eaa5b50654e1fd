"""dvc.yaml, params.yaml and the tables hold together; dvc.yaml is read as DVC itself resolves it."""

import ast
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from tasks.common import params
from tasks.common.stages import compared
from tests.contracts.imports import ROOT, reached

FAMILIES = ("pretrain", "transfer", "distill", "mtl", "adapt")


@dataclass(frozen=True)
class Stage:
    """What dvc.yaml says of a stage."""

    name: str
    cmd: list[str]
    deps: frozenset[str]
    params: frozenset[str]
    outs: frozenset[str]


@pytest.fixture(scope="module")
def stages() -> list[Stage]:
    """Every stage of the project, matrices unfolded."""
    with Repo(str(ROOT)) as repo:
        return [
            Stage(
                stage.addressing,
                stage.cmd.split(),
                frozenset(dep.def_path for dep in stage.deps if not hasattr(dep, "params")),
                frozenset(name for dep in stage.deps if hasattr(dep, "params") for name in dep.params),
                frozenset(out.def_path for out in stage.outs),
            )
            for stage in repo.index.stages
        ]


def covered(file: str, deps: frozenset[str]) -> bool:
    """Whether a file is a dependency, or lies in a folder that is one."""
    return any(file == dep or file.startswith(f"{dep}/") for dep in deps)


def test_only_evaluate_and_shipped_can_reach_a_test_part(stages: list[Stage]):
    """A stage reaches what it depends on, and what lies in a folder it depends on. What is shipped is chosen before."""
    tests = {out for stage in stages for out in stage.outs if Path(out).name == "test.npz"}
    assert len(tests) == len(params.load(ROOT / "params.yaml").run.studies)
    for stage in stages:
        near = {test for test in tests if covered(test, stage.deps)}
        assert not near or stage.name.startswith(("evaluate@", "shipped@")), f"{stage.name} can read {near}"
        looks = any(dep.startswith("data/shipped") for dep in stage.deps)
        assert not looks or stage.name == "index", f"{stage.name} looks at the test part"
        assert not any(dep.startswith("data/report") for dep in stage.deps), f"{stage.name} reads a page"
    assert all(any(covered(test, s.deps) for s in stages if s.name.startswith("evaluate@")) for test in tests)


def test_only_the_oracle_and_budgets_can_reach_the_labels_of_unlabelled_samples(stages: list[Stage]):
    """What comes out of both is shown, and no method is compared with it."""
    hidden = {out for stage in stages for out in stage.outs if Path(out).name == "oracle.npz"}
    assert hidden
    for stage in stages:
        near = {file for file in hidden if covered(file, stage.deps)}
        assert not near or stage.name.startswith(("oracle", "budgets")), f"{stage.name} can read {near}"


def test_every_compared_method_has_its_folder_and_no_stage_writes_another(stages: list[Stage]):
    settings = params.load(ROOT / "params.yaml")
    expected = {home.as_posix() for study in settings.run.studies for home in compared(settings, study).values()}
    made = {out for stage in stages for out in stage.outs if out.startswith("data/methods/")}
    points = {out for out in made if out.split("/")[3] == "budgets"}
    assert made - points == expected
    assert points == {
        f"data/methods/{study}/budgets/{method}-at-{percent}"
        for study, chosen in settings.run.studies.items()
        for method in settings.suites[chosen.suite].budgets.methods
        for percent in settings.suites[chosen.suite].budgets.percent
    }


def test_only_download_split_and_embed_see_the_raw_data_and_a_study_sees_given_weights_besides(stages: list[Stage]):
    """Samples that are embedded are cut into parts afterwards, like any others."""
    given = {f"data/raw/{weights}.npz" for weights in params.load(ROOT / "params.yaml").run.given.values()}
    for stage in stages:
        raw = {dep for dep in stage.deps if dep.startswith("data/raw/")}
        if stage.name.startswith("given@"):
            assert raw < given or raw == given
        elif raw:
            assert stage.name.startswith(("split@", "embed@", "fewshot-split@", "crossmodal-split@")), stage.name


def test_each_stages_deps_cover_everything_its_command_imports(stages: list[Stage]):
    for stage in stages:
        assert stage.cmd[:2] == ["python", "-m"]
        files = {file.as_posix() for file in reached(stage.cmd[2])}
        missing = sorted(file for file in files if not covered(file, stage.deps))
        assert not missing, f"stage '{stage.name}' would stay cached after a change in {missing}"


def test_no_stage_depends_on_code_that_its_command_does_not_reach(stages: list[Stage]):
    for stage in stages:
        files = {file.as_posix() for file in reached(stage.cmd[2])}
        for dep in stage.deps:
            if dep.startswith("tasks/") and not dep.endswith(".yaml"):  # data, that the command is given
                assert any(covered(file, frozenset({dep})) for file in files), f"{stage.name} does not need {dep}"


def test_a_stage_of_one_method_depends_on_that_methods_settings_alone(stages: list[Stage]):
    for stage in stages:
        if "--method" in stage.cmd:
            family, method = stage.cmd[2].split(".")[1], stage.cmd[stage.cmd.index("--method") + 1]
            if family in ("fewshot", "crossmodal"):
                assert {name for name in stage.params if ".methods." in name} == {f"{family}.methods.{method}"}
                continue
            family = "transfer" if family == "budgets" else family
            named = {name for name in stage.params if name.split(".")[0] in FAMILIES}
            assert named - {"pretrain.repeats"} == {f"{family}.{method}"}


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_and_parameters_name_the_same_methods(family: str):
    """The tables are read as text: importing them all would cost seconds."""
    tree = ast.parse((ROOT / "tasks" / family / "__init__.py").read_text())
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "METHODS"
    )
    assert isinstance(table, ast.Dict)
    rows = [ast.literal_eval(key) for key in table.keys if key is not None]
    # The ceiling of adaptation is a stage of its own, which alone may see the labels; so is what starts from a model.
    apart = ("target-oracle", "intermediate")
    assert rows == [name for name in params.known(family) if name not in apart]  # type: ignore[arg-type]
    suites = params.load(ROOT / "params.yaml").suites.values()
    assert {name for suite in suites for name in getattr(suite.methods, family)} - {"given", *apart} == set(rows)


def test_at_most_one_stage_depends_on_a_block_that_stands_twice_in_what_it_depends_on(stages: list[Stage]):
    """DVC numbers the YAML anchors of each stage in dvc.lock from 1: two such stages, and nobody can read the file."""
    content = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text())

    def nodes(node: Any) -> list[int]:
        below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        own = [id(node)] if isinstance(node, dict | list) and node else []
        return own + [found for child in below for found in nodes(child)]

    def twice(stage: Stage) -> bool:
        values = [functools.reduce(lambda block, key: block[key], name.split("."), content) for name in stage.params]
        found = [one for value in values for one in nodes(value)]
        return len(set(found)) < len(found)

    assert {stage.name for stage in stages if twice(stage)} <= {"index"}


def test_method_names_are_unique_over_the_families():
    names = [name for family in FAMILIES for name in params.known(family)]
    assert len(set(names)) == len(names)


def test_rooms_meet_in_dvc_yaml_alone():
    for here, there in (("tasks", "flows"), ("flows", "tasks")):
        for file in (ROOT / here).rglob("*.py"):
            imported = {
                name.split(".")[0]
                for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            assert there not in imported, f"{file.relative_to(ROOT)} imports {there}"
