"""Credentials from Prefect's Secret blocks: on both sides of the DVC remote, and nowhere that anybody reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Project
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, temporary_settings
from town import Town, two_branches

from flows import secrets, veil
from flows.errors import Refused
from flows.veil import Veil

USER = "pl4nted-in-a-block"


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it stays in this process: neither the variable nor what is to be hidden."""
    monkeypatch.setattr(veil, "_KEPT", set())
    monkeypatch.setenv("STORE_USER", "x")
    monkeypatch.delenv("STORE_USER")


@pytest.fixture
def blocks(served: str) -> Iterator[str]:
    """A server that this process asks for blocks, though it imported Prefect before."""
    with temporary_settings({PREFECT_API_URL: served}):
        yield served


def declare(project: Project, text: str = 'STORE_USER = "store-user"') -> None:
    project.write(pyproject__toml=f"[tool.headwater.secrets]\n{text}\n")


def test_a_block_reaches_both_sides_and_is_in_no_log_journal_output_or_remote(
    blocks: str, clean: None, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its variable's name does not sound like a secret, and the command prints another one with the same value."""
    Secret(value=USER).save("store-user", overwrite=True)
    town = Town(project, tmp_path)
    town.env |= {"PREFECT_API_URL": blocks, "COPY": USER}
    two_branches(project)
    path = project.root / "dvc.yaml"
    asks = {
        "cat parts/a params.yaml > far.txt": "env | grep STORE_ > far.txt; cat parts/a >> far.txt",
        "ls parts": "env",
    }
    for before, after in asks.items():
        path.write_text(path.read_text().replace(before, after))
    declare(project)
    town.commit()
    secrets.take(project.root)
    assert os.environ["STORE_USER"] == USER
    del os.environ["STORE_USER"]  # the agent is a child of this process here; it has to ask for itself

    assert {outcome.state for outcome in town.run().values()} == {"ran"}
    log = (project.root / ".headwater" / "logs" / "far.log").read_text()
    assert "COPY=***" in log
    assert "STORE_USER=" not in log  # the command does not even have it
    assert "the remote's user is ***" in log
    monkeypatch.undo()
    for place in (project.root, town.remote, town.home, town.origin):
        for file in place.rglob("*"):
            assert not file.is_file() or b"pl4nted" not in file.read_bytes(), file


def test_a_variable_that_is_set_needs_no_block_and_no_prefect(project: Project, clean: None, monkeypatch):
    declare(project)
    monkeypatch.setenv("STORE_USER", "mine")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    secrets.take(project.root)
    assert os.environ["STORE_USER"] == "mine"


def test_a_block_that_is_not_there_is_named(blocks: str, clean: None, project: Project):
    declare(project, 'STORE_USER = "no-such-block"')
    with pytest.raises(
        Refused, match=r"STORE_USER names Prefect's Secret block 'no-such-block', .* read \(ValueError\)"
    ):
        secrets.take(project.root)


@pytest.mark.parametrize("text", ["STORE_USER = 1", '"STORE USER" = "pl4nted"', 'STORE_USER = ""'])
def test_what_is_no_name_of_a_block_is_refused_and_not_shown(project: Project, text: str):
    declare(project, text)
    with pytest.raises(Refused, match="belongs into that block") as caught:
        secrets.declared(project.root)
    assert "pl4nted" not in str(caught.value)


def test_what_is_kept_is_hidden_whatever_it_is_called(clean: None):
    veil.keep(USER)
    assert Veil({"PLAIN": USER}).hide(json.dumps({"a": USER})) == '{"a": "***"}'
