"""Where Prefect keeps its records: the server the user named, one that runs here already, or a short-lived one.

Nothing of Prefect is imported here, so that an idle `headwater run` does not pay for it, and so that the settings
stand in the environment before Prefect reads them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from flows.database import Database
from flows.errors import Refused
from flows.guard import Guard

HERE = "http://127.0.0.1:4200/api"  # where `prefect server start` listens by default
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # this machine, whatever proxy is set
# `python -m uvicorn`, without collecting garbage while some 2,000 modules are imported: 4.1 s instead of 5.0 s.
_PROGRAM = """
import gc, sys
gc.disable()
import prefect.server.api.server, uvicorn
gc.freeze()
gc.enable()
uvicorn.main(sys.argv[2:])
"""
START_SECONDS = 300.0  # a first start fills a database: 15 to 40 s on two busy cores


def settings(root: Path) -> None:
    """Prefect's settings for this project, where the user has not set their own."""
    for name, value in {
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_LOGGING_LEVEL": "INFO",
        # The terminal belongs to the progress display; the same lines go to Prefect and to the log files.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_CLIENT_METRICS_ENABLED": "false",
    }.items():
        os.environ.setdefault(name, value)


def is_up(api: str, seconds: float = 2.0) -> bool:
    """Whether a Prefect server answers at this address."""
    try:
        with _OPENER.open(f"{api}/health", timeout=seconds) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError):
        return False


def running() -> str | None:
    """The address of a server that is there without our doing: the user's own, or one on this machine.

    Raises:
        Refused: If PREFECT_API_URL names one that does not answer.
    """
    named = os.environ.get("PREFECT_API_URL")
    if named:
        if "127.0.0.1" not in named and "localhost" not in named:
            return named  # it may want credentials or a proxy: Prefect's client will see
        if is_up(named, 10.0):
            return named
        raise Refused(
            f"no Prefect server answers at PREFECT_API_URL={named}. Start it (`headwater ui`), or unset "
            "PREFECT_API_URL to use a temporary one."
        )
    return HERE if is_up(HERE) else None


class Temporary:
    """A server for the length of one run; started at once, waited for when needed."""

    def __init__(self, guard: Guard) -> None:
        home = Path(os.environ["PREFECT_HOME"])
        home.mkdir(parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        self._log = home / "server.log"
        self._database = Database(home)
        self._guard = guard
        self._begun = time.monotonic()
        port = _free_port()
        self.api = f"http://127.0.0.1:{port}/api"
        env = {
            **os.environ,
            # As Prefect's own temporary server: no UI, and no services that only a lasting server needs.
            "PREFECT_UI_ENABLED": "0",
            "PREFECT__SERVER_EPHEMERAL": "1",
            "PREFECT__SERVER_FINAL": "1",
            **self._database.prepare(),
        }
        command = [sys.executable, "-c", _PROGRAM, "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--lifespan", "on"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        guard.add(self._process.pid)

    def wait(self, limit: float = START_SECONDS) -> str:
        """Its address, once it answers.

        Raises:
            Refused: If it ended, or does not answer ``limit`` seconds after its start.
        """
        while not is_up(self.api, 5.0):
            if self._process.poll() is not None:
                raise Refused(
                    f"the temporary Prefect server ended with code {self._process.returncode}: {self._last_words()}. "
                    f"All it said is in {self._log}."
                )
            if time.monotonic() - self._begun > limit:
                raise Refused(
                    f"the temporary Prefect server did not answer within {limit:g} s; see {self._log}. "
                    "A lasting one (`headwater ui`, in another terminal) is used when it is there."
                )
            time.sleep(0.05)
        self._database.filled()
        return self.api

    def _last_words(self) -> str:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else "it said nothing"

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._guard.remove(self._process.pid)


@contextlib.contextmanager
def address(api: str | None, guard: Guard) -> Iterator[Temporary | None]:
    """PREFECT_API_URL set for the length of the block: to ``api``, or to a temporary server still starting."""
    before = os.environ.get("PREFECT_API_URL")
    temporary = None if api else Temporary(guard)
    os.environ["PREFECT_API_URL"] = api or temporary.api  # type: ignore[union-attr]
    try:
        yield temporary
    finally:
        if temporary:
            temporary.close()
        if before is None:
            os.environ.pop("PREFECT_API_URL", None)
        else:
            os.environ["PREFECT_API_URL"] = before


def prepare() -> None:
    """Fill Prefect's database for the project in the current folder, so that its first run need not wait for that."""
    settings(Path.cwd())
    guard = Guard()
    temporary = Temporary(guard)
    try:
        temporary.wait()
    finally:
        temporary.close()
        guard.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        prepare()
    except Refused as error:
        sys.exit(str(error))
