"""What a run leaves on Prefect's page "Artifacts": what its reports say, and what failed; bars are in `flows.progress`.

A help and never a condition: what cannot be shown is told in Prefect's log, and the run goes on.
"""

from __future__ import annotations

import base64
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from flows.outcome import Outcome
from flows.reports import PAGE

PICTURE = (".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp")
MOST = 2**20  # bytes of a picture: it goes into Prefect's database


def explain(name: str, outcome: Outcome, log: Path) -> None:
    """What failed, the last lines of its log and what to do next."""
    last = "\n".join(outcome.tail) or "(it printed nothing)"
    text = (
        f"# {name} failed\n\n{outcome.message}\n\nThe last lines of its log:\n\n````\n{last}\n````\n\n"
        f"To run it alone: `dvc repro -s {name}`\n\nIts whole log: `{log}`\n"
    )
    first = outcome.message.splitlines()[0] if outcome.message else "failed"
    with optional():
        create_markdown_artifact(
            text, key=key("failed", name), description=f"{first}. To run it alone: dvc repro -s {name}"
        )


def present(name: str, root: Path, shows: Sequence[str], outs: Sequence[str]) -> None:
    """What a report says: its text as markdown, figures by name as a table, pictures, and a link to its page.

    Args:
        shows: The files that the stage's `meta.show` names.
        outs: All that it makes; a file's ending says what it is.
    """
    pages = [root / out for out in outs if out.endswith(PAGE) and (root / out).is_file()]
    links = "".join(f"\n\nIts page: [{page}]({page.as_uri()})" for page in pages)
    for path in (root / show for show in shows):
        with optional():
            text = f"# {name}\n\n````\n{path.read_text(encoding='utf-8').rstrip()}\n````{links}\n"
            create_markdown_artifact(text, key=key(name, path.name), description=f"What {name} says")
    for path in (root / out for out in outs if out not in shows):
        with optional():
            _present(name, path)


def _present(name: str, path: Path) -> None:
    if path.suffix == ".json":
        if rows := table(json.loads(path.read_text(encoding="utf-8"))):
            create_table_artifact(rows, key=key(name, path.name), description=f"{name} in figures: {path}")
    elif path.suffix in PICTURE and path.stat().st_size <= MOST:
        kind = mimetypes.guess_type(path)[0]
        data = base64.b64encode(path.read_bytes()).decode()
        create_image_artifact(f"data:{kind};base64,{data}", key=key(name, path.name), description=f"{name}: {path}")
    elif path.suffix in PAGE:
        words = f"The page of {name}. Where a browser does not follow a link to a file, open {path}"
        create_link_artifact(path.as_uri(), link_text=str(path), key=key(name, path.name), description=words)


def table(content: Any) -> list[dict[str, Any]]:
    """The figures by name in a JSON file, a row a name; what is no figure by name is left out.

    Words stand before figures, because Prefect shows the first few columns only.

    >>> table({"a": {"loss": 1.5}, "b": {"loss": 2.0, "word": "worse"}, "note": "x"})
    [{'name': 'a', 'word': None, 'loss': 1.5}, {'name': 'b', 'word': 'worse', 'loss': 2.0}]
    """
    if not isinstance(content, Mapping):
        return []
    plain = {
        name: {field: value for field, value in one.items() if value is None or isinstance(value, (str, int, float))}
        for name, one in content.items()
        if isinstance(one, Mapping)
    }
    words = {field for one in plain.values() for field, value in one.items() if isinstance(value, str)}
    columns = sorted(dict.fromkeys(field for one in plain.values() for field in one), key=lambda one: one not in words)
    return [{"name": name, **{field: one.get(field) for field in columns}} for name, one in plain.items() if one]


def key(*parts: str) -> str:
    """As Prefect wants it: small letters, figures and dashes.

    >>> key("report@tables", "verdict.txt")
    'report-tables-verdict-txt'
    """
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


@contextmanager
def optional() -> Iterator[None]:
    """Whatever goes wrong within is told in the log of the Prefect run, and nothing else comes of it."""
    try:
        yield
    except Exception as error:
        get_run_logger().warning(f"Something could not be shown among the artifacts: {error!r}")
