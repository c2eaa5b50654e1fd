"""The journal: what is in it, whatever happens to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from doors import Project

from flows import journal
from flows.journal import Journal


def test_the_journal_has_what_a_stage_took_and_the_next_run_expects_it(project: Project):
    project.stages(s={"cmd": "sleep 0.7; echo > b.txt", "outs": ["b.txt"]})
    project.engine()
    book = Journal(project.root)
    (record,) = book.history()["s"]
    assert 0.7 <= record["seconds"] < 2
    assert record["peak_bytes"] > 0
    assert book.seconds()["s"] == record["seconds"]
    assert [r["event"] for r in book.records() if r.get("stage") == "s"] == [
        "planned",
        "prepared",
        "started",
        "exited",
        "hashed",
        "committed",
    ]


def test_a_line_cut_short_spoils_only_itself(tmp_path: Path):
    book = Journal(tmp_path)
    book.open()
    book.write("planned", "a")
    with book.path.open("a") as stream:
        stream.write('{"event": "exited", "stage": "a", "co')
    book.write("planned", "b")
    assert [r.get("stage") for r in book.records()] == [None, "a", "b"]


def test_a_long_journal_is_shortened_and_still_knows_durations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    book = Journal(tmp_path)
    book.open()
    for i in range(50):
        book.write("prepared", "a", command=["x"], deps={})
        book.write("exited", "a", code=0, seconds=float(i), outs={})
        book.write("committed", "a")
    book.close()
    monkeypatch.setattr(journal, "KEEP_BYTES", 100)
    later = Journal(tmp_path)
    later.open()
    assert later.seconds()["a"] == 47.0  # median of 45 to 49
    assert not later.attempts()["a"].lost
