"""Prefect's SQLite database, filled once for each user and version of Prefect, and copied to each project from there.

Filling one takes Prefect 10 CPU seconds: its whole history of migrations. The copy is of a database that no run has
used. A server then skips looking for migrations too (0.5 s), as long as the file is the one that this version filled.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from importlib.metadata import version
from pathlib import Path

_SKIP = {"PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false", "PREFECT_API_BLOCKS_REGISTER_ON_START": "false"}
_ELSEWHERE = ("profiles.toml", "prefect.toml", ".env")  # where a user may have named another database


def _template() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "headwater" / f"prefect-{version('prefect')}.db"


class Database:
    """The database in a Prefect home. All of it is a help: whatever fails, Prefect fills its database itself."""

    def __init__(self, home: Path) -> None:
        named = any(name.startswith("PREFECT_") and "DATABASE" in name for name in os.environ)
        self._ours = not named and not any((folder / f).exists() for folder in (home, Path()) for f in _ELSEWHERE)
        self._file, self._stamp = home / "prefect.db", home / "filled-by"

    def _words(self) -> str:
        """What the stamp says of a database that this version of Prefect filled, and of no other."""
        return f"{version('prefect')} {self._file.stat().st_ino}"

    def prepare(self) -> dict[str, str]:
        """Copy the prepared database here if there is none; the settings under which a server may start."""
        if not self._ours:
            return {}
        with contextlib.suppress(OSError):
            if not any(self._file.parent.glob("prefect.db*")):  # a left-over log would be applied to the new file
                self._copy()
            if self._stamp.read_text() == self._words():
                return _SKIP
        return {}

    def _copy(self) -> None:
        part = self._file.with_name(f"copy-{os.getpid()}")
        try:
            shutil.copyfile(_template(), part)
            os.link(part, self._file)  # fails where another run was faster; its server has that file open
            self._stamp.write_text(self._words())
        finally:
            part.unlink(missing_ok=True)

    def filled(self) -> None:
        """A server is up and no run has begun: keep the database for other projects, unless this is done."""
        if not self._ours:
            return
        with contextlib.suppress(OSError, sqlite3.Error):
            if self._stamp.exists() and self._stamp.read_text() == self._words():
                return
            if not _template().exists() and not self._used():
                self._keep()
            self._stamp.write_text(self._words())

    def _used(self) -> bool:
        with contextlib.closing(sqlite3.connect(self._file)) as database:
            tables = ("flow", "configuration", "block_document")  # the last two may hold secrets
            return any(database.execute(f"SELECT EXISTS (SELECT 1 FROM {t})").fetchone()[0] for t in tables)

    def _keep(self) -> None:
        """By way of SQLite: part of what was written is still in files beside the database."""
        template = _template()
        template.parent.mkdir(parents=True, exist_ok=True)
        part = template.with_suffix(f".{os.getpid()}")
        with contextlib.closing(sqlite3.connect(self._file)) as here, contextlib.closing(sqlite3.connect(part)) as copy:
            here.backup(copy)
        part.rename(template)
