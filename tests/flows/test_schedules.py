"""Schedules, web hooks and deployments for real, with a Prefect server and an agent on loopback."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from doors import HOUSE, Project
from fleet import Fleet, finished
from services import Service, until
from town import local_lock, two_branches

pytestmark = pytest.mark.long


def test_a_schedule_fires_one_branch_runs_on_an_agent_and_the_lock_is_that_of_a_local_run(
    fleet: Fleet, twin: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefect, town = fleet.prefect, fleet.town
    two_branches(town.project, fleet.pool)
    town.project.write(pyproject__toml='[tool.headwater.secrets]\nSTORE_USER = "store-user"\n')
    commit = town.commit()
    program = "from prefect.blocks.system import Secret; Secret(value='pl4nted-in-a-block').save('store-user')"
    finished(Service(town.base / "block.log", [sys.executable, "-c", program], prefect.env, town.base))
    secret = {"AWS_SECRET_ACCESS_KEY": "pl4nted-secret"}
    fleet.worker(**secret)
    served = fleet.command("serve.log", "serve", "--cron", "0 3 1 1 *", **secret)
    name = town.project.root.name
    (deployed,) = until(lambda: prefect.ask("deployments/filter", {"deployments": {"name": {"any_": [name]}}}))
    assert [one["schedule"]["cron"] for one in deployed["schedules"]] == ["0 3 1 1 *"]
    prefect.fire(name)
    scheduled = until(
        lambda: [r for r in prefect.runs("headwater-pipeline") if r["state_type"] in ("COMPLETED", "FAILED")], 1500
    )[0]
    served.end()
    assert scheduled["state_type"] == "COMPLETED", scheduled["state"]
    assert scheduled["auto_scheduled"]
    assert scheduled["name"].startswith(f"{town.project.root.name} @ {commit[:7]}")

    assert town.log() == ["far agent", "meet here", "near here", "src here"]
    assert town.project.stale() == {}
    assert town.project.dvc() == []
    assert town.project.lock() == local_lock(twin, town.base / "ran-2", monkeypatch)

    (made,) = fleet.stages()
    assert made["state_name"] == "Published"
    assert made["name"] == f"far @ {commit[:7]}"
    said = town.project.headwater("why", "far")
    assert f"made by an agent of pool '{fleet.pool}'" in said
    for place in (town.project.root / ".headwater", town.base / "agent.log", town.base / "serve.log"):
        for file in [place] if place.is_file() else place.rglob("*"):
            assert not file.is_file() or b"pl4nted" not in file.read_bytes(), file
    assert b"pl4nted" not in prefect.everything()


def test_a_closed_gate_and_a_failed_run_are_posted_to_a_web_hook(fleet: Fleet) -> None:
    """By an automation that one command makes; asked twice, it makes one."""
    posted: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    prefect, town, project = fleet.prefect, fleet.town, fleet.town.project
    project.write(
        pyproject__toml='[tool.headwater]\ngate = "python gate.py"\n',
        gate__py="import sys\nsys.exit(3)\n",
        seed__txt="s\n",
    )
    project.stages(
        report={"cmd": "cp seed.txt a.txt", "deps": ["seed.txt"], "outs": ["a.txt"], "meta": {"show": "a.txt"}}
    )
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    more = {"HEADWATER_NOTIFY_URL": f"http://127.0.0.1:{hook.server_port}/pl4nted-path"}
    try:
        for _ in range(2):
            asked = fleet.start(prefect.headwater(project.root, town.base / "notify.log", "notify", **more))
            assert "Prefect posts there when" in finished(asked)
        assert len(prefect.ask("automations/filter")) == 1
        settings = f"gate=['x:1'], folder={str(project.root)!r}, return_state=True"
        program = f"from flows.deploy import pipeline; pipeline({settings})"
        fleet.start(Service(town.base / "gate.log", [sys.executable, "-c", program], prefect.env, town.base))
        until(lambda: posted, 300, "nothing was posted")
    finally:
        hook.shutdown()
    assert "GateClosed" in posted[0]["text"]
    assert "below what is asked (x:1)" in posted[0]["text"]
    assert len(posted) == 1
    assert b"pl4nted-path" not in prefect.everything()


def test_prefect_yaml_deploys(fleet: Fleet) -> None:
    prefect = fleet.prefect
    for pool in ("coordinator", "gpus"):
        prefect.ask("work_pools/", {"name": pool, "type": "process"})
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    finished(fleet.start(Service(fleet.town.base / "deploy.log", command, {**prefect.env, "PWD": str(HOUSE)}, HOUSE)))
    found = {one["name"]: one for one in prefect.ask("deployments/filter")}
    assert [one["schedule"]["cron"] for one in found["nightly"]["schedules"]] == ["0 3 * * *"]
    assert found["nightly"]["pull_steps"][0] == {
        "prefect.deployments.steps.set_working_directory": {"directory": str(HOUSE)}
    }
    assert found["gpus"]["work_pool_name"] == "gpus"
    assert not found["gpus"]["pull_steps"]
    (flow,) = prefect.ask("flows/filter", {"flows": {"id": {"any_": [found["gpus"]["flow_id"]]}}})
    assert flow["name"] == "headwater-stage"
