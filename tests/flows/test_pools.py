"""Schedules and agents for real: a Prefect server, a process work pool and its workers, all on loopback."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from doors import HOUSE, Project
from services import Prefect, Service, environment, until
from town import RAN, Town, local_lock, two_branches

from flows.journal import Journal

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    home = tmp_path_factory.mktemp("prefect-home")
    found = Prefect(home, environment(DVC_NO_ANALYTICS="1"))
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def town(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    found = Town(project, tmp_path)
    monkeypatch.setenv("RAN", str(found.ran))
    return found


@pytest.fixture
def services() -> Iterator[list[Service]]:
    found: list[Service] = []
    try:
        yield found
    finally:
        for service in found:
            service.end()


def pool_of(tmp_path: Path) -> str:
    return f"away-{tmp_path.name[-30:]}"


def worker(prefect: Prefect, town: Town, pool: str, home: str = "agent", **env: str) -> Service:
    """An agent's machine: a home of its own, and nothing of the project."""
    place = {"HEADWATER_AGENT_HOME": str(town.base / home), "PREFECT_HOME": str(town.base / f"{home}-prefect")}
    more = {**{k: v for k, v in town.env.items() if k.startswith(("DVC_", "RAN"))}, "HEADWATER_BEAT_SECONDS": "1"}
    found = prefect.headwater(town.base, town.base / f"{home}.log", "agent", pool, **{**more, **place, **env})
    until(lambda: "started!" in found.said() or found.process.poll() is not None, why="no worker")
    assert found.process.poll() is None, found.said()
    return found


def run(prefect: Prefect, town: Town, *arguments: str, **env: str) -> Service:
    more = {k: v for k, v in town.env.items() if k.startswith(("DVC_", "RAN"))}
    quick = {"HEADWATER_BEAT_SECONDS": "1", "HEADWATER_SILENCE_SECONDS": "20"}
    home = {"PREFECT_HOME": str(town.base / "coordinator-prefect")}
    log = town.base / "run.log"
    return prefect.headwater(town.project.root, log, "run", *arguments, **{**more, **quick, **home, **env})


def finished(service: Service, seconds: float = 900) -> str:
    """What a run said, once it ended well."""
    service.process.wait(seconds)
    assert service.process.returncode == 0, service.said()
    return service.said()


def mine(prefect: Prefect, pool: str) -> list[dict]:
    """The agents' flow runs of a pool."""
    return [found for found in prefect.runs("headwater-stage") if f"pool {pool}" in found["tags"]]


def test_a_schedule_fires_one_branch_runs_on_an_agent_and_the_lock_is_that_of_a_local_run(
    prefect: Prefect, town: Town, twin: Project, services: list[Service], tmp_path: Path, monkeypatch
):
    pool = pool_of(tmp_path)
    two_branches(town.project, pool)
    town.project.write(pyproject__toml='[tool.headwater.secrets]\nSTORE_USER = "store-user"\n')
    commit = town.commit()
    program = "from prefect.blocks.system import Secret; Secret(value='pl4nted-in-a-block').save('store-user')"
    finished(Service(town.base / "block.log", [sys.executable, "-c", program], prefect.env, town.base))
    secret = {"AWS_SECRET_ACCESS_KEY": "pl4nted-secret"}
    services.append(worker(prefect, town, pool, **secret))
    served = prefect.headwater(
        town.project.root,
        town.base / "serve.log",
        "serve",
        "--cron",
        "0 3 1 1 *",
        PREFECT_HOME=str(town.base / "coordinator-prefect"),
        **{k: v for k, v in town.env.items() if k.startswith(("DVC_", "RAN"))},
        **secret,
    )
    services.append(served)
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

    (made,) = mine(prefect, pool)
    assert made["state_name"] == "Published"
    assert made["name"] == f"far @ {commit[:7]}"
    said = town.project.headwater("why", "far")
    assert f"made by an agent of pool '{pool}'" in said
    for place in (town.project.root / ".headwater", town.base / "agent.log", town.base / "serve.log"):
        for file in [place] if place.is_file() else place.rglob("*"):
            assert not file.is_file() or b"pl4nted" not in file.read_bytes(), file
    assert b"pl4nted" not in prefect.everything()


def slow(town: Town, pool: str) -> Path:
    """One stage for agents that waits for a file before it goes on."""
    go = town.base / "go"
    town.project.write(seed__txt="seed\n")
    town.project.stages(
        far={
            "cmd": [RAN, f"until [ -e {go} ]; do sleep 0.2; done", "cp seed.txt far.txt"],
            "deps": ["seed.txt"],
            "outs": ["far.txt"],
            "meta": {"pool": pool},
        }
    )
    town.commit()
    return go


def begun(town: Town, run: Service) -> None:
    """Until the command is at work on an agent."""
    until(lambda: town.log() == ["far agent"] or run.process.poll() is not None, why="the agent did not begin")
    assert run.process.poll() is None, run.said()


def test_a_killed_agent_is_replaced_and_nothing_is_published_twice(
    prefect: Prefect, town: Town, services: list[Service], tmp_path: Path
):
    pool = pool_of(tmp_path)
    go = slow(town, pool)
    first = worker(prefect, town, pool)
    services += [first, run(prefect, town)]
    begun(town, services[1])
    assert f"on an agent of pool '{pool}'" in town.project.headwater("status")
    first.kill()
    services.append(worker(prefect, town, pool, "other"))
    until(lambda: town.log() == ["far agent", "far agent"], why="no second agent")
    go.touch()
    said = finished(services[1])
    assert "was lost (Crashed" in said
    *lost, last = [found["state_name"] for found in mine(prefect, pool)]
    assert set(lost) == {"Crashed"}
    assert last == "Published"
    assert len(list((town.remote / "runs").rglob("?" * 64))) == 2  # the key's folder, and one entry in it
    assert town.project.dvc() == []
    assert town.log() == ["far agent", "far agent"]


def test_an_agent_that_is_silent_while_its_worker_lives_is_slow_and_not_lost(
    prefect: Prefect, town: Town, services: list[Service], tmp_path: Path
):
    """Its process is stopped for twice the time after which a silent machine counts as lost, and goes on."""
    pool = pool_of(tmp_path)
    go = slow(town, pool)
    services += [worker(prefect, town, pool), run(prefect, town)]
    begun(town, services[1])
    (agent,) = [p for p in services[0].tree() if "prefect.engine" in _words(p)]
    agent.suspend()
    try:
        time.sleep(40)
    finally:
        agent.resume()
    go.touch()
    assert "was lost" not in finished(services[1])
    assert [found["state_name"] for found in mine(prefect, pool)] == ["Published"]
    assert town.log() == ["far agent"]


def test_a_run_that_is_killed_leaves_its_agent_to_the_next_one(
    prefect: Prefect, town: Town, services: list[Service], tmp_path: Path
):
    pool = pool_of(tmp_path)
    go = slow(town, pool)
    services += [worker(prefect, town, pool), run(prefect, town)]
    begun(town, services[1])
    services[1].kill()
    services.append(run(prefect, town))
    until(lambda: [r["event"] for r in Journal(town.project.root).records()].count("sent") == 2)
    go.touch()
    finished(services[2])
    assert len(mine(prefect, pool)) == 1
    assert town.log() == ["far agent"]
    assert town.project.dvc() == []


def test_a_server_that_dies_and_comes_back_in_mid_run(
    prefect: Prefect, town: Town, services: list[Service], tmp_path: Path
):
    """Said clearly; the agent's work is not lost, whether this run still takes it or the next."""
    pool = pool_of(tmp_path)
    go = slow(town, pool)
    services += [worker(prefect, town, pool), run(prefect, town)]
    begun(town, services[1])
    prefect.stop()
    until(lambda: "the Prefect server does not answer" in services[1].said(), 60, services[1].said())
    prefect.start()
    until(lambda: "the Prefect server answers again" in services[1].said(), 60, services[1].said())
    go.touch()
    finished(services[1])
    assert town.log() == ["far agent"]
    assert town.project.dvc() == []


def test_a_stopped_run_ends_its_agents_command(prefect: Prefect, town: Town, services: list[Service], tmp_path: Path):
    pool = pool_of(tmp_path)
    slow(town, pool)
    services += [worker(prefect, town, pool), run(prefect, town)]
    begun(town, services[1])
    services[1].process.send_signal(signal.SIGINT)
    assert services[1].process.wait(60) == 130
    until(lambda: not [p for p in services[0].tree() if "until [" in " ".join(_words(p))], 40, "the command lives on")
    assert mine(prefect, pool)[0]["state_type"] == "CANCELLED"
    assert not list(town.remote.rglob("runs/*"))


def test_a_closed_gate_and_a_failed_run_are_posted_to_a_web_hook(
    prefect: Prefect, town: Town, services: list[Service], monkeypatch
):
    """By an automation that one command makes; asked twice, it makes one."""
    posted: list[dict] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    project = town.project
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
            services.append(prefect.headwater(project.root, town.base / "notify.log", "notify", **more))
            assert "Prefect posts there when" in finished(services[-1])
        assert len(prefect.ask("automations/filter")) == 1
        asked = f"gate=['x:1'], folder={str(project.root)!r}, return_state=True"
        program = f"from flows.deploy import pipeline; pipeline({asked})"
        services.append(Service(town.base / "gate.log", [sys.executable, "-c", program], prefect.env, town.base))
        until(lambda: posted, 300, "nothing was posted")
    finally:
        hook.shutdown()
    assert "GateClosed" in posted[0]["text"]
    assert "below what is asked (x:1)" in posted[0]["text"]
    assert len(posted) == 1
    assert b"pl4nted-path" not in prefect.everything()


def test_prefect_yaml_deploys(prefect: Prefect, town: Town, services: list[Service]):
    for pool in ("coordinator", "gpus"):
        prefect.ask("work_pools/", {"name": pool, "type": "process"})
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    services.append(Service(town.base / "deploy.log", command, {**prefect.env, "PWD": str(HOUSE)}, HOUSE))
    finished(services[0])
    found = {one["name"]: one for one in prefect.ask("deployments/filter")}
    assert [one["schedule"]["cron"] for one in found["nightly"]["schedules"]] == ["0 3 * * *"]
    assert found["nightly"]["pull_steps"][0] == {
        "prefect.deployments.steps.set_working_directory": {"directory": str(HOUSE)}
    }
    assert found["gpus"]["work_pool_name"] == "gpus"
    assert not found["gpus"]["pull_steps"]
    (flow,) = prefect.ask("flows/filter", {"flows": {"id": {"any_": [found["gpus"]["flow_id"]]}}})
    assert flow["name"] == "headwater-stage"


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
