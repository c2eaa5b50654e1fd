"""Agents that die, fall silent or lose their server, for real: no work is lost, and none is published twice."""

from __future__ import annotations

import signal
import time

import psutil
import pytest
from fleet import Fleet, finished
from services import until

from flows.journal import Journal

pytestmark = pytest.mark.long


def test_a_killed_agent_is_replaced_and_nothing_is_published_twice(fleet: Fleet) -> None:
    first, run, go = fleet.begun()
    town = fleet.town
    assert f"on an agent of pool '{fleet.pool}'" in town.project.headwater("status")
    first.kill()
    fleet.worker("other")
    until(lambda: town.log() == ["far agent", "far agent"], why="no second agent")
    go.touch()
    assert "was lost (Crashed" in finished(run)
    *lost, last = [found["state_name"] for found in fleet.stages()]
    assert set(lost) == {"Crashed"}
    assert last == "Published"
    assert len(list((town.remote / "runs").rglob("?" * 64))) == 2  # the key's folder, and one entry in it
    assert town.project.dvc() == []
    assert town.log() == ["far agent", "far agent"]


def test_an_agent_that_is_silent_while_its_worker_lives_is_slow_and_not_lost(fleet: Fleet) -> None:
    """Its process is stopped for twice the time after which a silent machine counts as lost, and goes on."""
    worker, run, go = fleet.begun()
    (agent,) = [p for p in worker.tree() if "prefect.engine" in _words(p)]
    agent.suspend()
    try:
        time.sleep(40)
    finally:
        agent.resume()
    go.touch()
    assert "was lost" not in finished(run)
    (sent,) = fleet.stages()
    assert sent["state_name"] == "Published"
    shown = {one["key"]: one for one in fleet.prefect.ask("artifacts/filter", {}) if one["flow_run_id"] == sent["id"]}
    assert shown["training-far"]["data"] == 100
    assert fleet.town.log() == ["far agent"]


def test_a_run_that_is_killed_leaves_its_agent_to_the_next_one(fleet: Fleet) -> None:
    _, run, go = fleet.begun()
    run.kill()
    following = fleet.run()
    until(lambda: [r["event"] for r in Journal(fleet.town.project.root).records()].count("sent") == 2)
    go.touch()
    finished(following)
    assert len(fleet.stages()) == 1
    assert fleet.town.log() == ["far agent"]
    assert fleet.town.project.dvc() == []


def test_a_server_that_dies_and_comes_back_in_mid_run(fleet: Fleet) -> None:
    """Said clearly; the agent's work is not lost, whether this run still takes it or the next."""
    _, run, go = fleet.begun()
    fleet.prefect.stop()
    until(lambda: "the Prefect server does not answer" in run.said(), 60, run.said())
    fleet.prefect.start()
    until(lambda: "the Prefect server answers again" in run.said(), 60, run.said())
    go.touch()
    finished(run)
    assert fleet.town.log() == ["far agent"]
    assert fleet.town.project.dvc() == []


def test_a_stopped_run_ends_its_agents_command(fleet: Fleet) -> None:
    worker, run, _ = fleet.begun()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(60) == 130
    until(lambda: not [p for p in worker.tree() if "until [" in " ".join(_words(p))], 40, "the command lives on")
    assert fleet.stages()[0]["state_type"] == "CANCELLED"
    assert not list(fleet.town.remote.rglob("runs/*"))


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
