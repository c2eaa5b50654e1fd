"""`headwater check`, `doctor`, `ui`, and commands that are the project's own: is all in order, and where to look on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from flows import dag, hooks, server
from flows import meta as metas
from flows.display import say
from flows.doctor import examine
from flows.errors import Refused
from flows.launcher import environment
from flows.store import Store


def check(console: Console) -> int:
    """`headwater check`: the graph, every meta, and the project's own check."""
    store = Store()
    try:
        graph = store.graph()
        metas.check(graph)
        dag.order(graph)
        said = project_check(store.root)
    finally:
        store.close()
    say(console, f"{len(graph)} stages: graph and meta ok")
    if said:
        say(console, said)
    return 0


def init(console: Console, arguments: Sequence[str]) -> int:
    """`headwater init`: the project's own command, which knows its data."""
    return _call(console, "init", arguments)


def predict(console: Console, model: Path, data: Path, file: Path | None) -> int:
    """`headwater predict`: the project's own command, which knows models; paths are those of the caller's folder."""
    # Absolute now: opening the project makes its root the current folder.
    out = ["--out", str(file.absolute())] if file else []
    return _call(console, "predict", [str(model.absolute()), str(data.absolute()), *out])


def backbones(names: Sequence[str], *, measure: bool, as_json: bool) -> int:
    """`headwater backbones`: the project's own command. It may take minutes, so it writes to the screen itself."""
    store = Store()
    root = store.root
    store.close()
    flags = ([] if measure else ["--no-measure"]) + (["--json"] if as_json else [])
    return hooks.show(root, "backbones", [*names, *flags])


def _call(console: Console, name: str, arguments: Sequence[str]) -> int:
    store = Store()
    root = store.root
    store.close()
    say(console, hooks.call(root, name, arguments).text)
    return 0


def doctor(console: Console, *, fix: bool = False) -> int:
    """`headwater doctor`: 0 when nothing was found, or all of it put right; 1 otherwise."""
    store = Store()
    left = 0
    try:
        graph = store.graph()
        found = examine(store, graph)
        for finding in found:
            say(console, f"- {finding.text}")
            if finding.fix and fix:
                say(console, f"  {finding.fix()}")
            else:
                left += 1
                if finding.fix:
                    say(console, "  `headwater doctor --fix` puts it right")
    finally:
        store.close()
    if not found:
        say(console, f"{len(graph)} stages, nothing found")
    return int(left > 0)


def project_check(root: Path) -> str:
    """Run the command that pyproject.toml names under [tool.headwater] check; what it said.

    Raises:
        Refused: With its output, if it ended with another code than 0.
    """
    command = hooks.settings(root).get("check")
    if not command:
        return ""
    done = subprocess.run(
        shlex.split(command), cwd=root, env=environment(os.environ), capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        raise Refused(said or f"`{command}` ended with code {done.returncode} and said nothing")
    return said


def ui(console: Console, port: int) -> int:
    """`headwater ui`: a Prefect server on this project's own database, until Ctrl-C."""
    store = Store()
    server.settings(store.root)
    store.close()
    api = f"http://127.0.0.1:{port}/api"
    if server.is_up(api):
        raise Refused(f"a Prefect server already answers at {api}; open http://127.0.0.1:{port} in a browser")
    say(console, f"Prefect's pages will be at http://127.0.0.1:{port}; Ctrl-C ends the server.")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    os.environ.pop("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", None)
    os.environ["PREFECT_UI_API_URL"] = api  # or its pages would ask at Prefect's default port, whatever this one is
    os.execve(command[0], command, os.environ)
