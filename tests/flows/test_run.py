"""`headwater` as people run it: the command line, Prefect, and a server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest
from doors import HOUSE, Project, diamond


def ask(api: str, what: str) -> list[dict]:
    request = urllib.request.Request(
        f"{api}/{what}/filter",
        data=json.dumps(
            {} if what in ("artifacts", "logs") else {"sort": "EXPECTED_START_TIME_DESC", "limit": 50}
        ).encode(),
        method="POST",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as reply:
        return json.load(reply)


def last_states(api: str, expected: int) -> dict[str, tuple[str, str]]:
    """{task run: (type, name) of its state} in the newest flow run; the server records them a moment later."""
    end = time.monotonic() + 10
    while True:
        flow = ask(api, "flow_runs")[0]
        tasks = {
            t["name"]: (t["state_type"], t["state_name"])
            for t in ask(api, "task_runs")
            if t["flow_run_id"] == flow["id"]
        }
        settled = len(tasks) == expected and not {"PENDING", "RUNNING"} & {t for t, _ in tasks.values()}
        if settled or time.monotonic() > end:
            return tasks
        time.sleep(0.1)


def test_prefect_shows_ran_cached_restored_failed_and_skipped_apart(project: Project, served: str):
    """::

    src ─> side@left, side@right ─> join        join fails once code.py is gone bad
    """
    diamond(project)
    said = project.headwater("run", "--jobs", "2")
    assert "4 ran" in said
    assert set(last_states(served, 4).values()) == {("COMPLETED", "Completed")}
    assert project.stale() == {}

    (project.root / "left" / "src.txt").write_text("damaged")
    text = (project.root / "dvc.yaml").read_text()
    (project.root / "dvc.yaml").write_text(
        text.replace("cat left/src.txt", "echo oh dear; exit 4; cat left/src.txt")
        + "  last:\n    cmd: cp all.txt last.txt\n    deps: [all.txt]\n    outs: [last.txt]\n"
    )
    said = project.headwater("run", "--keep-going", code=1)
    assert last_states(served, 5) == {
        "src": ("COMPLETED", "Cached"),
        "side@left": ("COMPLETED", "Restored"),
        "side@right": ("COMPLETED", "Cached"),
        "join": ("FAILED", "Failed"),
        "last": ("CANCELLED", "Skipped"),
    }
    assert "exit code 4" in said
    assert "| oh dear" in said
    assert "dvc repro -s join" in said
    assert "last: needs join, which failed" in said


def test_retries_and_timeouts_come_from_meta_and_change_no_hash(project: Project, served: str):
    project.stages(
        flaky={
            "cmd": "echo x >> ../tries; [ $(wc -l < ../tries) -ge 3 ] && echo > a.txt",
            "outs": ["a.txt"],
            "meta": {"retries": 2},
        },
        slow={"cmd": "sleep 60", "outs": ["b.txt"], "meta": {"timeout": "0.5s"}},
    )
    said = project.headwater("run", "--keep-going", code=1)
    assert "ran past its timeout of 0.5 s" in said
    assert (project.root.parent / "tries").read_text() == "x\n" * 3
    assert set(project.lock()["stages"]) == {"flaky"}
    text = (project.root / "dvc.yaml").read_text()
    (project.root / "dvc.yaml").write_text(text.replace("retries: 2", "retries: 5"))
    assert list(project.stale()) == ["slow"]


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_stopped_run_ends_its_commands_and_the_next_goes_on(project: Project, served: str, number: signal.Signals):
    project.stages(
        first={"cmd": "echo > a.txt", "outs": ["a.txt"]},
        long={
            "cmd": "cp a.txt b.txt; [ -e ../go ] || { echo $$ > ../pid; sleep 60; }",
            "deps": ["a.txt"],
            "outs": ["b.txt"],
        },
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pid = project.root.parent / "pid"
    while not pid.exists() or not pid.read_text():
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.02)
    begun = time.monotonic()
    run.send_signal(number)
    said, _ = run.communicate(timeout=30)
    assert run.returncode == 130, said
    assert time.monotonic() - begun < 8
    assert "Traceback" not in said
    assert not psutil.pid_exists(int(pid.read_text()))
    assert set(project.lock()["stages"]) == {"first"}
    (project.root.parent / "go").touch()
    assert project.dvc() == ["long"]


def test_an_idle_run_starts_no_prefect_and_shows_what_its_targets_show(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    project.stages(
        a={"cmd": "echo the verdict > a.txt", "outs": ["a.txt"], "meta": {"show": ["a.txt", "missing.txt"]}},
        b={"cmd": "echo not asked for > b.txt", "outs": ["b.txt"], "meta": {"show": "b.txt"}},
    )
    project.dvc()
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    from flows import server

    if server.is_up(server.HERE):
        pytest.skip("a Prefect server runs on this machine; idle runs are shown in it")
    said = project.headwater("run", "a")
    assert "1 cached" in said
    assert "the verdict" in said
    assert "not asked for" not in said
    assert not (project.root / ".prefect").exists()


def test_bad_input_is_one_message_and_code_2(project: Project):
    project.stages(train={"cmd": "echo > a.txt", "outs": ["a.txt"], "meta": {"timout": 3}})
    assert "meta.timout is unknown" in project.headwater("run", code=2)
    project.stages(train={"cmd": "echo > a.txt", "outs": ["a.txt"]})
    assert "Did you mean 'train'" in project.headwater("run", "trian", code=2)
    (project.root / "pyproject.toml").write_text(
        '[tool.headwater]\ncheck = "python -c \'import sys; sys.exit(\\"params.yaml: knob is bad\\")\'"\n'
    )
    for command in ("run", "check"):
        assert "params.yaml: knob is bad" in project.headwater(command, code=2)
    assert project.lock() == {}


def test_outside_a_project(tmp_path):
    bare = Project.__new__(Project)
    bare.root = tmp_path
    assert "not inside of a DVC repository" in bare.headwater("run", code=2)


def test_plan_why_and_status_say_what_a_run_would_do(project: Project):
    diamond(project)
    project.dvc()
    project.write(params__yaml="knob: 2\n")
    plan = {name: facts["state"] for name, facts in json.loads(project.headwater("plan", "--json")).items()}
    assert plan == {"src": "cached", "side@left": "run", "side@right": "run", "join": "depends"}
    (change,) = json.loads(project.headwater("why", "side@left", "--json"))["side@left"]
    assert change == {"kind": "param", "name": "params.yaml: knob", "what": "modified", "old": 1, "new": 2}
    project.dvc()
    project.write(params__yaml="knob: 1\n")
    assert json.loads(project.headwater("plan", "--json"))["side@left"]["state"] == "restore"
    status = project.headwater("status")
    assert "side@left   stale  param params.yaml: knob: modified" in status
    assert len(project.log()) == 7  # none of these ran anything


def test_without_a_server_a_temporary_one_serves_and_leaves_with_the_run(
    project: Project, api: str, monkeypatch: pytest.MonkeyPatch
):
    """In the home that the tests' own server has prepared, so that it need not fill a database again."""
    from flows import server

    if server.is_up(server.HERE):
        pytest.skip("a Prefect server runs on this machine and would be used")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    project.stages(a={"cmd": "env > ../env", "outs": []}, b={"cmd": "echo > b.txt", "outs": ["b.txt"]})
    before = _servers()
    assert before  # the tests' own: it can be seen
    assert "2 ran" in project.headwater("run")
    assert _servers() <= before
    assert "PREFECT_API_URL" not in (project.root.parent / "env").read_text()  # commands see what `dvc repro` gives


def _servers() -> set[int]:
    """Prefect servers in this test session's home; others on this machine are none of our business."""
    found = set()
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "uvicorn" in process.cmdline() and process.environ().get("PREFECT_HOME") == os.environ["PREFECT_HOME"]:
                found.add(process.pid)
    return found


def test_a_stage_meant_for_agents_runs_here_where_asked_to_and_says_what_agents_lack(project: Project, served: str):
    project.write(a__txt="a\n")
    project.stages(one={"cmd": "cp a.txt b.txt", "deps": ["a.txt"], "outs": ["b.txt"], "meta": {"pool": "gpus"}})
    assert "no default DVC remote" in project.headwater("run", code=2)
    with (project.root / ".dvc" / "config").open("a") as config:
        config.write(f"    remote = store\n['remote \"store\"']\n    url = {project.root.parent / 'store'}\n")
    assert "`headwater agent gpus`" in project.headwater("run", code=2)
    assert "1 ran" in project.headwater("run", "--local")
    assert project.stale() == {}
