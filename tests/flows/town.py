"""A project whose stages may be made elsewhere: a bare git remote, a folder as DVC remote, and agents' own home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from doors import HOUSE, Project

from flows import dag, threads
from flows import meta as metas
from flows.agents.coordinator import Coordinator, travellers
from flows.agents.order import Made, Order
from flows.engine import Options, Outcome, Run
from flows.errors import StageFailed
from flows.guard import Guard
from flows.journal import Journal
from flows.store import Store

RAN = 'echo "$DVC_STAGE $(cat where 2>/dev/null || echo agent)" >> "$RAN"'

# An agent as a process of its own, without Prefect: the order on standard input, the result on standard output.
_AGENT = """
import json, os, sys
from flows import secrets
from flows.agents.order import Order
from flows.agents.perform import Contact, home, perform
from flows.errors import StageFailed
try:
    contact = Contact(line=lambda text: print(text, file=sys.stderr), credentials=secrets.take)
    made = perform(Order(**json.load(sys.stdin)), contact, home())
    print("the remote's user is", os.environ.get("STORE_USER"), file=sys.stderr)
except StageFailed as error:
    sys.exit(str(error))
print(made.text())
"""


def git(where: Path, *arguments: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", "-C", str(where), *who, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


class Town:
    """One project, in git and with a DVC remote; `where` is a file git ignores, so only the coordinator has it."""

    def __init__(self, project: Project, base: Path) -> None:
        self.project, self.base = project, base
        self.origin, self.remote, self.home = base / "origin.git", base / "remote", base / "agent"
        self.ran = base / "ran"
        git(base, "init", "--quiet", "--bare", str(self.origin))
        git(project.root, "init", "--quiet")
        git(project.root, "remote", "add", "origin", str(self.origin))
        (project.root / ".gitignore").write_text("/*.txt\n!/seed.txt\n/where\n/parts\n/.headwater\n/.prefect\n")
        (project.root / ".dvcignore").write_text("__pycache__\n")
        (project.root / "where").write_text("here\n")
        config = project.root / ".dvc" / "config"
        config.write_text(config.read_text() + f"    remote = store\n['remote \"store\"']\n    url = {self.remote}\n")
        self.env = {
            **os.environ,
            "PYTHONPATH": str(HOUSE),
            "HEADWATER_AGENT_HOME": str(self.home),
            "RAN": str(self.ran),
        }

    def commit(self) -> str:
        git(self.project.root, "add", "--all")
        git(self.project.root, "commit", "--quiet", "--allow-empty", "-m", "x")
        git(self.project.root, "push", "--quiet", "origin", "HEAD:refs/heads/main")
        return git(self.project.root, "rev-parse", "HEAD")

    def log(self) -> list[str]:
        """What really ran, and where, sorted."""
        return sorted(self.ran.read_text().splitlines()) if self.ran.exists() else []

    def agent(self, order: Order) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _AGENT],
            input=json.dumps(asdict(order)),
            env=self.env,
            cwd=self.base,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def send(self, order: Order, pool: str, line: Callable[[str], None], sent: Callable[..., object]) -> Made:
        sent(pool=pool, flow_run="none", attempt=1)
        done = self.agent(order)
        for text in done.stderr.splitlines():
            line(text)
        if done.returncode:
            raise StageFailed(done.stderr.strip())
        return Made.read(done.stdout)

    def run(self, *targets: str, send: Any = None, **options: Any) -> dict[str, Outcome]:
        """The engine with agents, and plain threads in Prefect's place."""
        os.environ["RAN"] = str(self.ran)
        store, guard = Store(self.project.root), Guard()
        try:
            graph = store.graph()
            typed, chosen = metas.check(graph), dag.select(graph, targets)
            settings = Options(**{"jobs": 2, **options})
            pools = travellers(store, chosen, typed)
            agents = Coordinator(store, graph, pools, send or self.send, force=settings.force)
            run = Run(chosen, store, typed, guard, settings, stop=threading.Event(), agents=agents)
            threads.execute(run)
            return run.outcomes
        finally:
            guard.close()
            store.close()

    def exited(self, stage: str) -> dict[str, Any]:
        """The journal's last line about a command that ended."""
        records = Journal(self.project.root).records()
        return [r for r in records if r["event"] == "exited" and r["stage"] == stage][-1]


def two_branches(project: Project, pool: str | None = "away") -> None:
    """src makes a folder of two parts; near and far take one each, far on an agent; both meet.

    ::

        seed ─> src ─┬─> near ──────┬─> meet
                     └─> far (away) ┘
    """
    project.write(seed__txt="seed\n", params__yaml="knob: 1\nother: 2\n", code__py="print('code')\n")
    stages: dict[str, Any] = {
        "src": {
            "cmd": [RAN, "mkdir parts; cp seed.txt parts/a; echo unread > parts/b"],
            "deps": ["seed.txt"],
            "outs": ["parts"],
        },
        "near": {"cmd": [RAN, "cp parts/b near.txt"], "deps": ["parts/b"], "outs": ["near.txt"]},
        "far": {
            "cmd": [RAN, "cat parts/a params.yaml > far.txt; echo '{\"n\": 1}' > n.json; ls parts"],
            "deps": ["parts/a", "code.py"],
            "params": ["knob"],
            "outs": ["far.txt"],
            "metrics": ["n.json"],
        },
        "meet": {
            "cmd": [RAN, "cat near.txt far.txt > meet.txt"],
            "deps": ["near.txt", "far.txt"],
            "outs": ["meet.txt"],
        },
    }
    if pool:
        stages["far"]["meta"] = {"pool": pool}
    project.stages(**stages)
    (project.root / ".gitignore").open("a").write("/n.json\n")


def local_lock(twin: Project, ran: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `dvc repro` records of the two branches where no agent is asked; ``ran`` takes what its commands note."""
    twin.write(__gitignore="")
    two_branches(twin, pool=None)
    monkeypatch.setenv("RAN", str(ran))
    twin.dvc()
    return twin.lock()


def declared(town: Town) -> dict[str, Any]:
    return dict(yaml.safe_load((town.project.root / "dvc.yaml").read_text())["stages"])
