"""`headwater report`, `compare` and `gate` in a small project in git, whose own commands judge its results."""

from __future__ import annotations

import json
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from doors import Project
from rich.console import Console

from flows import reports, verdicts
from flows.errors import Refused
from flows.journal import Journal

JUDGE = """\
import json, pathlib, sys
what, *words = sys.argv[1:]
read = lambda folder: {p.parent.name: p.read_text().strip() for p in sorted(pathlib.Path(folder).glob("*/score.txt"))}
if what == "compare":
    print(json.dumps({"old": read(words[0]), "new": read(words[1]), "rest": words[2:]}))
    sys.exit()
least = int(words[2].partition(":")[0])
if least > 100:
    sys.exit("nothing is that good")
print(read(words[0]))
sys.exit(3 if any(int(value) < least for value in read(words[0]).values()) else 0)
"""


@pytest.fixture
def judged(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """For each of a and b a page that shows a text made from a score; in git, with one commit.

    ::

        score@a ─> page@a      score@b ─> page@b
    """
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.org")
    (project.root / ".dvc" / "config").write_text("")
    git(project, "init", "-q")
    project.write(params__yaml="a: 5\nb: 7\n", judge__py=JUDGE)
    project.write(
        pyproject__toml='[tool.headwater]\ncompare = "python judge.py compare"\ngate = "python judge.py gate"\n'
    )
    project.stages(
        score={
            "matrix": {"key": ["a", "b"]},
            "cmd": "mkdir -p ${item.key}; sed -n 's/^${item.key}: //p' params.yaml > ${item.key}/score.txt",
            "params": ["${item.key}"],
            "outs": ["${item.key}/score.txt"],
        },
        page={
            "matrix": {"key": ["a", "b"]},
            "cmd": "cat ${item.key}/score.txt > ${item.key}/text; cp ${item.key}/text ${item.key}/page.html; "
            "echo '{}' > ${item.key}/m.json",
            "deps": ["${item.key}/score.txt"],
            "outs": ["${item.key}/text", "${item.key}/page.html"],
            "metrics": [{"${item.key}/m.json": {"cache": False}}],
            "meta": {"show": "${item.key}/text"},
        },
    )
    commit(project, "one")
    return project


def git(project: Project, *words: str) -> None:
    subprocess.run(["git", "-C", str(project.root), *words], check=True)


def commit(project: Project, message: str) -> None:
    project.dvc()
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


def call(project: Project, what: Any, *words: Any, **options: Any) -> tuple[int, str]:
    """Exit code, and what it printed."""
    text = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        code = what(Console(file=text, width=200), *words, **options)
    return code, text.getvalue()


def compared(project: Project, old: str, new: str | None = None) -> tuple[dict[str, Any], str]:
    """What the project's own command saw, and the notes before it."""
    code, said = call(project, verdicts.compare, old, new)
    assert code == 0
    notes, _, last = said.rstrip().rpartition("\n")
    return json.loads(last), notes


def test_a_report_prints_its_text_its_page_and_what_its_stages_cost(judged: Project):
    journal = Journal(judged.root)
    journal.open()
    for stage, seconds, peak in (("score@a", 9.0, 1), ("score@a", 90.0, 2**20), ("page@a", 2.5, 3 * 2**30)):
        journal.write("exited", stage, code=0, seconds=seconds, cpu_seconds=2 * seconds, peak_bytes=peak)
    code, said = call(judged, reports.report, ["a"])
    assert code == 0
    assert "── page@a\n\n5\n" in said
    assert f"Page: {judged.root}/a/page.html" in said
    assert "score@b" not in said
    assert "out of date" not in said
    rows = [" ".join(line.split()) for line in said.splitlines() if line.endswith("MiB")]
    assert rows == [
        "score@a 1 min 30 s 3 min 0 s 1 MiB",
        "page@a 2.5 s 5.0 s 3,072 MiB",
        "2 stages 1 min 32 s 3 min 5 s 3,072 MiB",
    ]
    code, text = call(judged, reports.report, [], as_json=True)
    facts = json.loads(text)
    assert facts["page@b"]["shows"] == {"b/text": "7\n"}
    assert facts["page@a"]["cost"]["score@a"]["seconds"] == 90.0


def test_one_that_is_out_of_date_or_not_there_says_what_to_run(judged: Project):
    judged.write(params__yaml="a: 6\nb: 7\n")
    (judged.root / "b" / "page.html").unlink()
    code, said = call(judged, reports.report, [])
    assert code == 1
    assert "page@a is out of date: score@a (param params.yaml: a: modified 5 -> 6). `headwater run page@a`" in said
    assert "not there: b/page.html. `headwater run page@b` makes it" in said
    judged.dvc()
    assert call(judged, reports.report, [])[0] == 0
    with pytest.raises(Refused, match="'score' is no report; there are: page@a, page@b"):
        call(judged, reports.report, ["score"])


def test_open_gives_the_pages_to_the_browser(judged: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or address.endswith("a/page.html"))
    _, said = call(judged, reports.report, [], opened=True)
    assert opened == [(judged.root / key / "page.html").as_uri() for key in "ab"]
    assert f"No browser could be started here; open {opened[1]}" in said
    assert opened[0] not in said


def test_compare_gets_both_revisions_from_git_and_the_cache(judged: Project):
    judged.write(params__yaml="a: 6\nb: 7\n")
    commit(judged, "two")
    judged.write(params__yaml="a: 9\nb: 7\n")
    judged.dvc()
    seen, notes = compared(judged, "HEAD~1")
    assert (seen["old"], seen["new"]) == ({"a": "5", "b": "7"}, {"a": "9", "b": "7"})
    assert seen["rest"] == ["--from", "HEAD~1", "--to", "workspace"]
    assert notes == ""
    seen, _ = compared(judged, "HEAD~1", "HEAD")
    assert (seen["old"]["a"], seen["new"]["a"]) == ("5", "6")
    judged.write(params__yaml="a: 9\nb: 8\n")
    seen, notes = compared(judged, "HEAD")
    assert seen["new"]["b"] == "7"
    assert "note: page@b is out of date: score@b (param" in notes


def test_compare_takes_what_the_cache_has_lost_from_a_remote_and_else_says_what_is_missing(
    judged: Project, tmp_path: Path
):
    cache = judged.root / ".dvc" / "cache" / "files"
    shutil.copytree(cache, tmp_path / "remote" / "files")
    shutil.rmtree(cache)
    with pytest.raises(
        Refused, match=r"a/score.txt: its object \w+ is not in the cache, and no remote.*--all-commits score@a"
    ):
        call(judged, verdicts.compare, "HEAD", None)
    (judged.root / ".dvc" / "config").write_text(
        f"[core]\n    remote = far\n['remote \"far\"']\n    url = {tmp_path / 'remote'}\n"
    )
    seen, _ = compared(judged, "HEAD")
    assert seen["old"] == {"a": "5", "b": "7"}
    assert not cache.exists()  # nothing was fetched into it
    shutil.rmtree(tmp_path / "remote")
    with pytest.raises(Refused, match="neither in the cache nor in the remote"):
        call(judged, verdicts.compare, "HEAD", None)


def test_compare_notes_what_one_side_lacks_and_refuses_what_git_does_not_know(judged: Project):
    (judged.root / "a" / "score.txt").unlink()
    seen, notes = compared(judged, "HEAD")
    assert seen["new"] == {"b": "7"}
    assert "note: not in the workspace, or not all of it: page@a\n" in notes
    with pytest.raises(Refused, match="git does not know the revision 'nosuch'"):
        call(judged, verdicts.compare, "nosuch", None)


def test_a_project_in_a_folder_of_a_repository_is_compared_too(judged: Project, tmp_path: Path):
    """The same project, moved below the root of its repository."""
    outer = tmp_path / "outer"
    outer.mkdir()
    shutil.move(judged.root, outer / "inner")
    shutil.move(outer / "inner" / ".git", outer / ".git")
    inner = Project.__new__(Project)
    inner.root = outer / "inner"
    subprocess.run(["git", "-C", str(outer), "add", "-A"], check=True)
    subprocess.run(["git", "-C", str(outer), "commit", "-q", "-m", "moved"], check=True)
    seen, _ = compared(inner, "HEAD")
    assert seen["old"] == seen["new"] == {"a": "5", "b": "7"}


def test_a_gate_gives_the_projects_own_exit_code_and_refuses_what_is_out_of_date(judged: Project):
    assert call(judged, verdicts.gate, ["6:score"], ["b"])[0] == 0
    code, said = call(judged, verdicts.gate, ["6:score"], [])
    assert (code, said) == (1, "{'a': '5', 'b': '7'}\n")
    with pytest.raises(Refused, match="nothing is that good"):
        call(judged, verdicts.gate, ["101:score"], [])
    with pytest.raises(Refused, match="nothing is asked"):
        call(judged, verdicts.gate, [], [])
    judged.write(params__yaml="a: 5\nb: 8\n")
    assert call(judged, verdicts.gate, ["5:score"], ["a"])[0] == 0  # b is none of its business
    with pytest.raises(Refused, match=r"what is up to date:\npage@b is out of date"):
        call(judged, verdicts.gate, ["5:score"], [])


def test_the_command_lines_and_a_project_that_cannot_judge(judged: Project):
    assert json.loads(judged.headwater("compare", "HEAD", "--json"))["rest"][-1] == "--json"
    assert "{'a': '5', 'b': '7'}" in judged.headwater("gate", "--min", "6:score", code=1)
    assert "is no stage" in judged.headwater("gate", "nosuch", "--min", "5:score", code=2)
    (judged.root / "pyproject.toml").unlink()
    assert "has no `gate` under [tool.headwater]" in judged.headwater("gate", "--min", "5:score", code=2)
    assert "── page@b" in judged.headwater("report", "b")
