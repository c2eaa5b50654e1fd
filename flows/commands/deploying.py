"""`headwater agent`, `serve` and `notify`: what works beyond one call, all of it Prefect's own."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from rich.console import Console

from flows import server
from flows.commands.choice import Choice
from flows.display import say
from flows.errors import Refused
from flows.store import Store

NOTIFY = "HEADWATER_NOTIFY_URL"


def _lasting(root: Path) -> str:
    """Prefect's settings for ``root``, and the address of a server that stays.

    Raises:
        Refused: There is none.
    """
    server.settings(root)
    api = server.running()
    if not api:
        raise Refused(
            "this needs a lasting Prefect server: start one (`headwater ui`), or name it in PREFECT_API_URL, such as "
            "http://HOST:4200/api"
        )
    os.environ["PREFECT_API_URL"] = api
    os.environ.pop("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", None)
    return api


def agent(console: Console, pool: str, limit: int | None, *, start: bool = True) -> int:
    """`headwater agent`: make pool and deployment if need be, then be a worker of the pool until Ctrl-C."""
    from flows.agents.perform import home

    api = _lasting(home())
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound

    from flows.agents.flow import deploy

    with get_client(sync_client=True) as client:
        try:
            found = client.read_work_pool(pool)
        except ObjectNotFound:
            found = client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    deploy(pool)
    say(console, f"stages with `meta: {{pool: {pool}}}` are made by agents of this pool; Prefect: {api}")
    if not start:
        return 0
    if found.type != "process":
        raise Refused(
            f"the work pool '{pool}' is of type '{found.type}': start its own worker, `prefect worker start --pool "
            f"{shlex.quote(pool)}`; its image needs Headwater and the project's packages (see docs/agents.md)"
        )
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, "--type", "process"]
    if limit:
        command += ["--limit", str(limit)]
    home().mkdir(parents=True, exist_ok=True)
    os.chdir(home())  # else Prefect would take a prefect.toml or .env of wherever this was typed
    return os.execve(command[0], command, os.environ)


def serve(console: Console, choice: Choice, cron: str, zone: str, jobs: int, least: list[str]) -> int:
    """`headwater serve`: one process that runs the pipeline by the clock, until Ctrl-C."""
    store = Store()
    root = store.root
    try:
        choice.of(store.graph())  # a misspelt target is said now, not at night
    finally:
        store.close()
    api = _lasting(root)
    from prefect import serve as wait_and_run

    from flows.deploy import deployment

    parameters = {"targets": list(choice.targets), "jobs": jobs, "gate": least, "folder": str(root)}
    made = deployment(root.name, cron, zone, parameters)
    say(
        console,
        f"{' '.join(choice.targets) or root.name}: by cron '{cron}' ({zone}); Prefect: {api}. Ctrl-C ends this.",
    )
    wait_and_run(made, print_starting_message=False)
    return 0


def notify(console: Console) -> int:
    """`headwater notify`: have Prefect post to a web hook when a scheduled run fails or its gate closes."""
    url = os.environ.get(NOTIFY, "")
    if not url.startswith(("http://", "https://")):
        raise Refused(
            f"the web hook's address is read from {NOTIFY}, since it is a secret; found "
            f"{'something that is no http address' if url else 'nothing'} there. Slack, Mattermost, Teams and others "
            'give such an address; it gets {"text": "..."}'
        )
    store = Store()
    root = store.root
    store.close()
    _lasting(root)
    from flows.notices import establish

    say(console, f"{establish(url)}: Prefect posts there when a scheduled run fails, crashes or closes its gate")
    return 0
