"""What a person sees in Prefect's pages, read by a real browser: `headwater ui`, `headwater run`, headless Chromium."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from doors import HOUSE, Project
from test_artifacts import FIGURES, report
from test_run import ask

from flows import server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)"),
]


@pytest.fixture
def pages(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of `headwater ui` for this project, on a port of its own; its first start fills a database."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (project.root.parent / "ui.log").open("w") as log:
        ui = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "ui", "--port", str(port)],
            cwd=project.root,
            env={**os.environ, "PYTHONPATH": str(HOUSE), "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + server.START_SECONDS
        while not server.is_up(f"{address}/api"):
            assert ui.poll() is None, (project.root.parent / "ui.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.2)
        monkeypatch.setenv("PREFECT_API_URL", f"{address}/api")
        yield address
    finally:
        os.killpg(ui.pid, signal.SIGTERM)
        try:
            ui.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(ui.pid, signal.SIGKILL)
            ui.wait()


def text(url: str, profile: Path, *expected: str) -> str:
    """What a browser shows at ``url``, on one line; looked at again until all that is expected is there."""
    found = ""
    for _ in range(4):
        done = subprocess.run(
            [
                str(CHROMIUM),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
                f"--user-data-dir={profile}",
                "--window-size=1400,1600",
                "--virtual-time-budget=20000",
                "--dump-dom",
                url,
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        body = re.sub(r"<(script|style).*?</\1>", "", done.stdout, flags=re.DOTALL)
        found = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
        if all(part in found for part in expected):
            break
    return found


def test_states_retries_and_a_failures_cause_are_on_the_pages(project: Project, pages: str, tmp_path: Path):
    """::

    keep  back  fresh  flaky        broken ─> after
    """
    project.write(seed__txt="seed\n")

    def copy(name: str, first: str = "true") -> dict[str, object]:
        return {"cmd": f"{first}; cp seed.txt {name}.txt", "deps": ["seed.txt"], "outs": [f"{name}.txt"]}

    project.stages(keep=copy("keep"), back=copy("back"))
    project.dvc()
    (project.root / "back.txt").unlink()
    path = project.root / "dvc.yaml"
    declared = yaml.safe_load(path.read_text())
    declared["stages"] |= {
        "fresh": copy("fresh"),
        "flaky": {
            **copy("flaky", "echo x >> ../tries; [ $(wc -l < ../tries) -ge 2 ] || exit 1"),
            "meta": {"retries": 2},
        },
        "broken": copy("broken", "echo about to break; echo 'ValueError: no such thing' >&2; exit 3"),
        "after": {"cmd": "cp broken.txt after.txt", "deps": ["broken.txt"], "outs": ["after.txt"]},
    }
    path.write_text(yaml.safe_dump(declared, sort_keys=False))
    project.headwater("run", "--keep-going", code=1)

    expected = {
        "keep": "Cached",
        "back": "Restored",
        "fresh": "Completed",
        "flaky": "Retried",
        "broken": "Failed",
        "after": "Skipped",
    }
    profile = tmp_path / "chromium"
    listed = text(f"{pages}/v2/runs?tab=task-runs", profile, *expected.values())
    tags = "project +1"  # what was asked for, here all that is in this folder; how many more a page shows
    for name, state in expected.items():
        assert f"{name} {tags} {state}" in listed

    (broken,) = [run["id"] for run in ask(f"{pages}/api", "task_runs") if run["name"] == "broken"]
    command = "To run it alone: dvc repro -s broken"
    logged = text(f"{pages}/v2/runs/task-run/{broken}", profile, "about to break", command)
    for part in ("Task Run: broken", "about to break", "ValueError: no such thing", "exit code 3", command):
        assert part in logged
    listed = text(f"{pages}/v2/runs/task-run/{broken}?tab=Artifacts", profile, command)
    assert f"exit code 3. {command}" in listed
    artifact = ask(f"{pages}/api", "artifacts")[0]["id"]
    explained = text(f"{pages}/v2/artifacts/artifact/{artifact}", profile, command)
    for part in ("broken failed", "The last lines of its log: about to break ValueError: no such thing", command):
        assert part in explained


def test_what_a_report_says_is_on_the_page_of_artifacts(project: Project, pages: str, tmp_path: Path):
    report(project, json.dumps(FIGURES))
    project.headwater("run")
    profile = tmp_path / "chromium"
    keys = ("progress", "report-one-verdict-txt", "report-one-figures-json", "report-one-dot-svg")
    listed = text(f"{pages}/v2/artifacts", profile, *keys)
    for key in keys:
        assert key in listed
    assert "2 of 2 stages done: 2 ran" in listed
    made = {one["key"]: one["id"] for one in ask(f"{pages}/api", "artifacts")}
    said = text(f"{pages}/v2/artifacts/artifact/{made['report-one-verdict-txt']}", profile, "left is better")
    assert "left is better" in said
    table = text(f"{pages}/v2/artifacts/artifact/{made['report-one-figures-json']}", profile, "91.5")
    for word in ("accuracy", "left", "91.5", "better"):
        assert word in table
