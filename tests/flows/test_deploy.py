"""The pipeline as deployments: prefect.yaml, schedules, a gate at the end, notices."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from doors import HOUSE, Project
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import Flow
from test_run import ask

SETTINGS = yaml.safe_load((HOUSE / "prefect.yaml").read_text())
DEPLOYMENTS = {one["name"]: one for one in SETTINGS["deployments"]}


def entry(text: str) -> Flow:
    """The flow an entrypoint names, by file or by module."""
    if ":" in text:
        path, name = text.split(":")
        assert (HOUSE / path).exists()
        return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)
    module, _, name = text.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_prefect_yaml_names_flows_their_parameters_and_valid_schedules(name: str):
    one = DEPLOYMENTS[name]
    made = entry(one["entrypoint"])
    assert isinstance(made, Flow)
    known = inspect.signature(made.fn).parameters
    assert set(one.get("parameters", {})) <= set(known)
    assert set(one["tags"]) & {"headwater"}
    for schedule in one["schedules"]:
        CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
    if made.name == "headwater-stage":
        assert one["name"] == one["work_pool"]["name"]  # by this name a run finds the pool's agents


def test_the_nightly_run_names_targets_of_this_project():
    groups = {name.split("@")[0] for name in yaml.safe_load((HOUSE / "dvc.yaml").read_text())["stages"]}
    studies = yaml.safe_load((HOUSE / "params.yaml").read_text())["run"]["studies"]
    for target in DEPLOYMENTS["nightly"]["parameters"]["targets"]:
        assert target in studies or target.split("@")[0] in groups


def scheduled(project: Project, **parameters: object) -> str:
    """One run of the deployed flow, in a process of its own; the type, name and message of its state."""
    program = (
        "from flows.deploy import pipeline\n"
        f"state = pipeline(folder={str(project.root)!r}, return_state=True, **{parameters!r})\n"
        "print('STATE', state.type.value, state.name, state.message)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HOUSE), os.environ.get("PYTHONPATH", "")])},
        cwd=project.root.parent,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert "STATE" in done.stdout, done.stdout + done.stderr
    return done.stdout.split("STATE ")[1].strip()


def test_a_scheduled_run_ends_as_its_stages_and_its_gate_do(project: Project, served: str):
    """The gate is the project's own command: here, whether `m.json` says at least what is asked."""
    project.write(
        knob__txt="1\n",
        pyproject__toml='[tool.headwater]\ngate = "python gate.py"\n',
        gate__py="""\
            import json, pathlib, sys
            folder, asked = sys.argv[1], sys.argv[3]
            found = json.loads(pathlib.Path(folder, "m.json").read_text())["n"]
            print(f"found {found}, asked {asked}")
            sys.exit(0 if found >= int(asked.split(":")[1]) else 3)
        """,
    )
    project.stages(
        report={
            "cmd": 'echo "{\\"n\\": $(cat knob.txt)}" > m.json; echo words > m.txt',
            "deps": ["knob.txt"],
            "outs": ["m.txt"],
            "metrics": ["m.json"],
            "meta": {"show": "m.txt"},
        }
    )
    assert scheduled(project, gate=["n:2"]) == "FAILED GateClosed below what is asked (n:2); the log has the verdicts"
    assert project.stale() == {}
    runs = {run["name"]: run for run in ask(served, "flow_runs")}
    assert runs["project"]["state_name"] in ("GateClosed", "Completed")
    project.write(knob__txt="2\n")
    assert scheduled(project, gate=["n:2"]) == "COMPLETED Completed up to date, and at least n:2"
    project.write(knob__txt="[\n")
    (project.root / "dvc.yaml").write_text((project.root / "dvc.yaml").read_text().replace("echo words", "exit 3"))
    assert scheduled(project, gate=["n:2"]).startswith("FAILED Failed some stages failed")
    assert scheduled(project, targets=["reprot"]).startswith("FAILED Failed 'reprot' is no stage")


def test_serve_and_notify_say_what_is_wrong_before_they_start(project: Project, served: str, monkeypatch):
    project.stages(one={"cmd": "echo > a.txt", "outs": ["a.txt"]})
    assert "'noon' in 'UTC' is no schedule" in project.headwater("serve", "--cron", "noon", code=2)
    assert "Did you mean 'one'" in project.headwater("serve", "onee", code=2)
    monkeypatch.delenv("HEADWATER_NOTIFY_URL", raising=False)
    assert "is read from HEADWATER_NOTIFY_URL" in project.headwater("notify", code=2)


def test_a_lasting_server_is_asked_for(project: Project, monkeypatch):
    from flows import server

    if server.is_up(server.HERE):
        pytest.skip("a Prefect server runs on this machine")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    project.stages(one={"cmd": "echo > a.txt", "outs": ["a.txt"]})
    assert "needs a lasting Prefect server" in project.headwater("serve", code=2)
    assert "needs a lasting Prefect server" in project.headwater("agent", "gpus", code=2)
    assert not (Path.cwd() / ".prefect").exists()


def test_the_images_recipe_copies_what_is_there_and_installs_what_make_installs():
    recipe = (HOUSE / "Dockerfile").read_text()
    copied = [word for line in recipe.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert all((HOUSE / path).exists() for path in copied)
    passed = {line[1:] for line in (HOUSE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == passed
    uv = next(word for word in recipe.split() if word.startswith("uv=="))
    assert uv in (HOUSE / "Makefile").read_text()
    for command in ("git", "requirements.lock", "HEADWATER_AGENT_HOME"):
        assert command in recipe
