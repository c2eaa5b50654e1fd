"""Prefect's database is filled once and copied; never a used one, and never over another."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from flows.database import Database


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PREFECT_API_DATABASE_CONNECTION_URL", "PREFECT_SERVER_DATABASE_CONNECTION_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def home(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


def fill(home: Path, flows: int = 0) -> None:
    """What a server leaves, as far as it matters here."""
    with contextlib.closing(sqlite3.connect(home / "prefect.db")) as database, database:
        for table in ("flow", "configuration", "block_document"):
            database.execute(f"CREATE TABLE {table} (name TEXT)")
        database.executemany("INSERT INTO flow VALUES (?)", [("mine",)] * flows)


def flows(home: Path) -> int:
    with contextlib.closing(sqlite3.connect(home / "prefect.db")) as database:
        return int(database.execute("SELECT count(*) FROM flow").fetchone()[0])


def test_the_second_home_gets_a_copy_and_skips_migrations(tmp_path: Path, cache: Path):
    one, two = home(tmp_path, "one"), home(tmp_path, "two")
    first = Database(one)
    assert first.prepare() == {}
    fill(one)
    first.filled()
    assert Database(one).prepare() != {}
    assert Database(two).prepare() != {}
    assert flows(two) == 0
    assert sorted(p.name for p in two.iterdir()) == ["filled-by", "prefect.db"]


def test_a_used_database_is_kept_for_nobody_else(tmp_path: Path, cache: Path):
    one, two = home(tmp_path, "one"), home(tmp_path, "two")
    fill(one, flows=1)
    Database(one).filled()
    assert not cache.exists()
    assert Database(two).prepare() == {}


def test_a_database_that_is_there_stays_and_a_replaced_one_is_migrated(tmp_path: Path, cache: Path):
    one, two = home(tmp_path, "one"), home(tmp_path, "two")
    fill(one)
    Database(one).filled()
    fill(two, flows=3)
    assert Database(two).prepare() == {}
    assert flows(two) == 3
    Database(two).filled()
    assert Database(two).prepare() != {}
    (two / "prefect.db").rename(two / "kept.db")
    fill(two)  # another file under the name
    assert Database(two).prepare() == {}


@pytest.mark.parametrize("where", ["profiles.toml", "prefect.toml", ".env", "environment"])
def test_where_another_database_may_be_named_nothing_is_touched(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    one, two = home(tmp_path, "one"), home(tmp_path, "two")
    fill(one)
    Database(one).filled()
    if where == "environment":
        monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "sqlite+aiosqlite:///elsewhere.db")
    elif where == "profiles.toml":
        (two / where).write_text("")
    else:
        Path(where).write_text("")  # in the project's folder
    assert Database(two).prepare() == {}
    assert list(two.glob("*.db")) == []


def test_a_log_without_its_database_is_left_to_prefect(tmp_path: Path, cache: Path):
    one, two = home(tmp_path, "one"), home(tmp_path, "two")
    fill(one)
    Database(one).filled()
    (two / "prefect.db-wal").write_bytes(b"stale")
    assert Database(two).prepare() == {}
    assert not (two / "prefect.db").exists()
