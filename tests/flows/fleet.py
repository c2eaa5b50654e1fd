"""Agents at work for real: a Prefect server, a process work pool, its workers, and runs that send stages there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services import Prefect, Service, until
from town import RAN, Town


@dataclass
class Fleet:
    """A town's pool of agents, and what runs for it; all of it ends with the test."""

    prefect: Prefect
    town: Town
    pool: str
    services: list[Service] = field(default_factory=list)

    def start(self, service: Service) -> Service:
        self.services.append(service)
        return service

    def end(self) -> None:
        for service in self.services:
            service.end()

    def settings(self) -> dict[str, str]:
        """What the processes of a town are told of it."""
        return {name: value for name, value in self.town.env.items() if name.startswith(("DVC_", "RAN"))}

    def worker(self, home: str = "agent", **env: str) -> Service:
        """An agent's machine: a home of its own, and nothing of the project."""
        base = self.town.base
        place = {"HEADWATER_AGENT_HOME": str(base / home), "PREFECT_HOME": str(base / f"{home}-prefect")}
        more = {**self.settings(), "HEADWATER_BEAT_SECONDS": "1", **place, **env}
        found = self.start(self.prefect.headwater(base, base / f"{home}.log", "agent", self.pool, **more))
        until(lambda: "started!" in found.said() or found.process.poll() is not None, why="no worker")
        assert found.process.poll() is None, found.said()
        return found

    def command(self, log: str, *arguments: str, **env: str) -> Service:
        """`headwater` in the town's project, with the coordinator's own Prefect home."""
        base = self.town.base
        more = {**self.settings(), "PREFECT_HOME": str(base / "coordinator-prefect"), **env}
        return self.start(self.prefect.headwater(self.town.project.root, base / log, *arguments, **more))

    def run(self) -> Service:
        return self.command("run.log", "run", HEADWATER_BEAT_SECONDS="1", HEADWATER_SILENCE_SECONDS="20")

    def slow(self) -> Path:
        """One stage for agents, that waits for a file before it goes on, as if in its first epoch."""
        go = self.town.base / "go"
        self.town.project.write(seed__txt="seed\n")
        self.town.project.stages(
            far={
                "cmd": [
                    RAN,
                    "echo epoch 1 of 4: waits",
                    f"until [ -e {go} ]; do sleep 0.2; done",
                    "cp seed.txt far.txt",
                ],
                "deps": ["seed.txt"],
                "outs": ["far.txt"],
                "meta": {"pool": self.pool},
            }
        )
        self.town.commit()
        return go

    def begun(self) -> tuple[Service, Service, Path]:
        """A worker, a run whose `slow` stage is at work on it, and the file that stage waits for."""
        go, worker, run = self.slow(), self.worker(), self.run()
        until(lambda: self.town.log() == ["far agent"] or run.process.poll() is not None, why="the agent did not begin")
        assert run.process.poll() is None, run.said()
        return worker, run, go

    def stages(self) -> list[dict[str, Any]]:
        """The agents' flow runs of the pool."""
        return [found for found in self.prefect.runs("headwater-stage") if f"pool {self.pool}" in found["tags"]]


def finished(service: Service, seconds: float = 900) -> str:
    """What a command said, once it ended well."""
    service.process.wait(seconds)
    assert service.process.returncode == 0, service.said()
    return service.said()
