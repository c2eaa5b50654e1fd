"""Prefect as it stands on a server's machine: a lasting server, and workers, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from doors import HOUSE

from flows import server
from flows.database import Database

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(what: Callable[[], Any], seconds: float = 1200.0, why: str = "") -> Any:
    """What it returns, once that is true."""
    end = time.monotonic() + seconds
    while True:
        if found := what():
            return found
        assert time.monotonic() < end, why or "waited in vain"
        time.sleep(1.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A process with what it started, and its log; ended by its own number."""

    def __init__(self, log: Path, command: list[str], env: Mapping[str, str], cwd: Path) -> None:
        self.log = log
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                start_new_session=True,
            )  # fmt: skip

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def tree(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        return []

    def kill(self) -> None:
        """kill -9 for all of it at once, as when a machine goes down."""
        for process in self.tree():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        self.kill()


class Prefect:
    """A server on loopback with a home of its own; it can be stopped and started again on the same port."""

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self.home, self.port = home, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in env.items() if not name.startswith("PREFECT_")}
        self.env = {
            **kept,
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_UI_API_URL": self.api,
            "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
            "PREFECT_WORKER_QUERY_SECONDS": "3",
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "3",
            "PREFECT_RUNNER_POLL_FREQUENCY": "3",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HOUSE), env.get("PYTHONPATH", "")])),
        }
        self.env |= Database(home).prepare()  # filled already, where another run on this machine has done so
        self.service: Service | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        self.service = Service(self.home / "server.out", command, self.env, self.home)
        until(lambda: server.is_up(self.api), 300, "the server did not start")

    def stop(self) -> None:
        if self.service:
            self.service.kill()

    def ask(self, path: str, body: Any = None, method: str = "POST") -> Any:
        data = None if body is None and method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            f"{self.api}/{path}", data=data, method=method, headers={"Content-Type": "application/json"}
        )
        for last in (False, False, True):  # a busy machine's SQLite may be away for a minute
            try:
                with _OPENER.open(request, timeout=90) as reply:
                    text = reply.read()
                    return json.loads(text) if text else None
            except OSError:
                if last:
                    raise
        return None

    def runs(self, flow: str) -> list[dict[str, Any]]:
        """Flow runs of a flow, oldest first."""
        found = self.ask("flow_runs/filter", {"flows": {"name": {"any_": [flow]}}, "limit": 200})
        return sorted(found, key=lambda run: run["created"])

    def fire(self, deployment: str, lead: float = 60.0) -> None:
        """Give a deployment one more schedule, whose time comes once, within two minutes."""
        (found,) = self.ask("deployments/filter", {"deployments": {"name": {"any_": [deployment]}}})
        when = time.gmtime(time.time() + lead)
        cron = {"cron": f"{when.tm_min} {when.tm_hour} {when.tm_mday} {when.tm_mon} *", "timezone": "UTC"}
        self.ask(f"deployments/{found['id']}/schedules", [{"schedule": cron, "active": True}])

    def state(self, run: str) -> dict[str, Any]:
        return dict(self.ask(f"flow_runs/{run}", method="GET")["state"])

    def headwater(self, cwd: Path, log: Path, *arguments: str, **env: str) -> Service:
        return Service(log, [sys.executable, "-m", "flows.cli", *arguments], {**self.env, **env}, cwd)

    def everything(self) -> bytes:
        """Every byte Prefect keeps: its database, its files."""
        files = [path for path in self.home.rglob("*") if path.is_file()]
        return b"\n".join(path.read_bytes() for path in files)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}
