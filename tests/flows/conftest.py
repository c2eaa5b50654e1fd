"""A small DVC project a test, far from this one: its own cache, state, Prefect home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Project, make
from fleet import Fleet
from services import Prefect, environment
from town import Town

from flows import server
from flows.guard import Guard


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's or of this project's: DVC's settings and state, Prefect's home."""
    monkeypatch.chdir(tmp_path)
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("SHELL", "/bin/sh")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make(tmp_path / "one" / "project")


@pytest.fixture
def twin(tmp_path: Path) -> Project:
    """A second project, for the other door."""
    return make(tmp_path / "two" / "project")


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Prefect server for all tests that need one."""
    home = tmp_path_factory.mktemp("prefect")
    before = dict(os.environ)
    os.environ["PREFECT_HOME"] = str(home)
    server.settings(home)
    guard = Guard()
    temporary = server.Temporary(guard)
    try:
        yield temporary.wait()
    finally:
        temporary.close()
        guard.close()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def served(api: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PREFECT_API_URL", api)
    return api


@pytest.fixture
def town(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    found = Town(project, tmp_path)
    monkeypatch.setenv("RAN", str(found.ran))
    return found


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A lasting server, as a team has it."""
    home = tmp_path_factory.mktemp("prefect-home")
    found = Prefect(home, environment(DVC_NO_ANALYTICS="1"))
    found.start()
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture
def fleet(prefect: Prefect, town: Town, tmp_path: Path) -> Iterator[Fleet]:
    found = Fleet(prefect, town, f"away-{tmp_path.name[-30:]}")
    try:
        yield found
    finally:
        found.end()
