"""What a run leaves on Prefect's page "Artifacts", asked of a real server."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from doors import Project
from prefect.settings import PREFECT_API_URL, temporary_settings
from test_run import ask, last_states

from flows import artifacts, pipeline, progress
from flows import meta as metas
from flows.engine import Options, Run
from flows.guard import Guard
from flows.store import Store

DOT = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
FIGURES = {"left": {"accuracy": 91.5, "word": "better"}, "right": {"accuracy": 90}, "answer": ["left wins"]}


def report(project: Project, figures: str) -> None:
    """::

    work ─> report@one      a text, a page, figures, a picture
    """
    project.write(verdict__txt="left\nis better\n", figures__json=figures, dot__svg=DOT)
    files = ("verdict.txt", "figures.json", "dot.svg")
    copies = "; ".join(f"cp {file} out/{file}" for file in files)
    project.stages(
        work={"cmd": "echo > a.txt", "outs": ["a.txt"]},
        report={
            "matrix": {"key": ["one"]},
            "cmd": f"mkdir -p out; {copies}; echo '<p>' > out/index.html",
            "deps": ["a.txt", *files],
            "outs": [f"out/{file}" for file in (*files, "index.html")],
            "meta": {"show": "out/verdict.txt"},
        },
    )


def of_last_run(api: str) -> dict[str, dict[str, Any]]:
    """{key: artifact} of the newest flow run."""
    flow = ask(api, "flow_runs")[0]["id"]
    return {one["key"]: one for one in ask(api, "artifacts") if one["flow_run_id"] == flow}


def test_a_report_that_was_made_is_shown_with_its_figures_picture_and_page(project: Project, served: str):
    report(project, json.dumps(FIGURES))
    project.headwater("run")
    found = of_last_run(served)
    kinds = {name: one["type"] for name, one in found.items()}
    assert kinds == {
        "progress": "progress",
        "report-one-verdict-txt": "markdown",
        "report-one-figures-json": "table",
        "report-one-dot-svg": "image",
        "report-one-index-html": "markdown",  # Prefect keeps a link as markdown
    }
    page = (project.root / "out" / "index.html").as_uri()
    assert "left\nis better" in found["report-one-verdict-txt"]["data"]
    assert page in found["report-one-verdict-txt"]["data"]
    assert page in found["report-one-index-html"]["data"]
    assert json.loads(found["report-one-figures-json"]["data"]) == [
        {"name": "left", "accuracy": 91.5, "word": "better"},
        {"name": "right", "accuracy": 90, "word": None},
    ]
    start, data = found["report-one-dot-svg"]["data"].split(",")
    assert (start, base64.b64decode(data).decode()) == ("data:image/svg+xml;base64", DOT)
    assert found["progress"]["data"] == 100
    assert found["progress"]["description"] == "2 of 2 stages done: 2 ran"

    project.headwater("run", "--force", "--single", "work")
    assert set(of_last_run(served)) == {"progress"}


def test_what_cannot_be_shown_is_told_and_harms_nobody(project: Project, served: str):
    report(project, "{ this is no JSON")
    (project.root / "dvc.yaml").write_text(
        (project.root / "dvc.yaml").read_text().replace("show: out/verdict.txt", "show: [gone.txt, out/verdict.txt]")
    )
    project.headwater("run")
    assert set(last_states(served, 2).values()) == {("COMPLETED", "Completed")}
    assert {"report-one-verdict-txt", "report-one-dot-svg"} <= set(of_last_run(served))
    logged = " ".join(line["message"] for line in ask(served, "logs"))
    assert "could not be shown among the artifacts: JSONDecodeError" in logged
    assert "could not be shown among the artifacts: FileNotFoundError" in logged


def test_a_server_that_takes_no_artifacts_fails_no_run(project: Project, served: str, monkeypatch: pytest.MonkeyPatch):
    report(project, json.dumps(FIGURES))
    asked = []

    def refuse(*_: object, **options: object) -> None:
        asked.append(options.get("key"))
        raise httpx.ConnectError("nobody there")

    for module in (artifacts, progress):
        for name in [name for name in vars(module) if name.startswith(("create_", "update_"))]:
            monkeypatch.setattr(module, name, refuse)
    store, guard = Store(project.root), Guard()
    try:
        graph = store.graph()
        run = Run(graph, store, metas.check(graph), guard, Options(jobs=2))
        with temporary_settings({PREFECT_API_URL: served}):
            pipeline.execute(run)
    finally:
        guard.close()
        store.close()
    assert {name: one.state for name, one in run.outcomes.items()} == {"work": "ran", "report@one": "ran"}
    assert len(asked) == 5
    assert project.stale() == {}
