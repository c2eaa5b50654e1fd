"""What the journal keeps of the environment of a result, what a stage may say of it, and who is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doors import Project

from flows import environment
from flows import meta as metas
from flows.dag import Stage
from flows.errors import Refused
from flows.journal import Journal


def one(project: Project, *declared: str, **more: object) -> None:
    project.write(seed__txt="seed\n", pyproject__toml='[project]\ndependencies = ["NumPy>=2", "no-such-package"]\n')
    project.stages(
        make={
            "cmd": "cp seed.txt made.txt",
            "deps": ["seed.txt"],
            "outs": ["made.txt"],
            "meta": {"environment": list(declared), **more},
        }
    )


def test_the_journal_keeps_machine_packages_and_threads_of_each_result(project: Project, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    one(project, "packages.pytest")
    project.engine()
    (made,) = Journal(project.root).makers()["make"]
    found = made["environment"]
    assert found["accelerator"] == "CPU"
    assert found["packages"].keys() == {
        "numpy",
        "pytest",
    }  # pyproject.toml's and the declared; what is not there is not
    assert found["threads"]["OMP_NUM_THREADS"] == "3"
    assert set(found) == set(environment.FACTS)


def test_gpus_are_told_by_kind_and_only_those_a_command_may_see(tmp_path: Path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "GPU 0: NVIDIA A100 (UUID: GPU-1)"\necho "GPU 1: NVIDIA T4 (UUID: GPU-2)"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    environment._gpus.cache_clear()
    try:
        seen = {
            visible: environment.facts(tmp_path, {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})
            for visible in (None, "", "-1", "1", "0,1")
        }
    finally:
        environment._gpus.cache_clear()
    assert {visible: found["accelerator"] for visible, found in seen.items()} == {
        None: "NVIDIA A100 and NVIDIA T4",
        "": "CPU",
        "-1": "CPU",
        "1": "NVIDIA T4",
        "0,1": "NVIDIA A100 and NVIDIA T4",
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("accelerater", "Did you mean 'accelerator'?"),
        ("packages.no-such-package", "'no-such-package' is not"),
        ("threads.OMP_NUM_THREAD", "Did you mean 'OMP_NUM_THREADS'?"),
        ("system.name", "packages.NAME or threads.VARIABLE"),
        ("packages.", "to be one of"),
    ],
)
def test_an_unknown_fact_is_refused(name: str, said: str):
    with pytest.raises(Refused, match=r"stage 's': meta\.environment is") as caught:
        metas.check({"s": Stage("s", meta={"environment": [name]})})
    assert said in str(caught.value)


def test_a_result_from_another_environment_is_told_and_stays_up_to_date_through_both_doors(
    project: Project, monkeypatch
):
    one(project, "threads.OMP_NUM_THREADS")
    monkeypatch.delenv("TF_DETERMINISTIC_OPS", raising=False)  # other tests of this process may have set it
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    project.engine()
    assert project.headwater("why", "make") == "make: up to date\n"
    assert "nothing found" in project.headwater("doctor")
    lock = project.lock()

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setenv("TF_DETERMINISTIC_OPS", "1")
    said = project.headwater("why", "make")
    assert said.startswith("make: up to date\n  made here in another environment\n")
    assert "threads.OMP_NUM_THREADS was 1, is 2" in said
    assert "threads.TF_DETERMINISTIC_OPS was not set, is 1" in said
    assert "its meta.environment names threads.OMP_NUM_THREADS; `headwater run --single --force make`" in said
    assert "from another environment: threads.OMP_NUM_THREADS was 1, is 2" in project.headwater("status")
    assert json.loads(project.headwater("status", "--json"))["make"]["unlike"] == [
        "threads.OMP_NUM_THREADS was 1, is 2"
    ]
    assert "made in another environment (threads.OMP_NUM_THREADS was 1, is 2)" in project.headwater("doctor", code=1)

    assert project.dvc() == []
    assert project.engine()["make"].state == "cached"
    assert project.lock() == lock
    project.engine("make", force=True)
    assert project.headwater("why", "make") == "make: up to date\n"


def test_a_result_that_comes_back_from_the_run_cache_is_of_the_environment_that_made_it(project: Project, monkeypatch):
    """By content, not by which command ran last."""
    one(project, "threads")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    project.engine()
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    project.write(seed__txt="other\n")
    assert project.engine()["make"].state == "ran"
    assert project.headwater("why", "make") == "make: up to date\n"
    project.write(seed__txt="seed\n")
    assert project.engine()["make"].state == "restored"
    assert "threads.OMP_NUM_THREADS was 1, is 2" in project.headwater("why", "make")


def test_what_dvc_repro_made_is_not_known(project: Project):
    one(project, "python")
    project.dvc()
    assert "where it was made is not known here" in project.headwater("why", "make")


def test_a_result_that_depends_on_the_environment_by_a_stage_of_dvcs_own(project: Project, twin: Project, monkeypatch):
    """docs/agents.md: an always_changed stage writes the facts; both doors rerun what reads them, and only then."""
    for one_of in (project, twin):
        one_of.write(seed__txt="seed\n")
        one_of.stages(
            environment={
                "cmd": "python -m flows.cli environment threads.OMP_NUM_THREADS > environment.json",
                "outs": ["environment.json"],
                "always_changed": True,
            },
            make={
                "cmd": ["echo ran >> ../ran", "cp seed.txt made.txt"],
                "deps": ["seed.txt", "environment.json"],
                "outs": ["made.txt"],
            },
        )
    monkeypatch.setenv("PYTHONPATH", str(Path(environment.__file__).parents[1]))
    for threads, times in (("1", 1), ("1", 1), ("2", 2)):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        project.engine()
        twin.dvc()
        assert (project.log(), twin.log()) == (["ran"] * times, ["ran"] * times)
        assert project.lock() == twin.lock()
