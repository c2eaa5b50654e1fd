"""`headwater card` in a small project in git, whose own command says what its results are worth."""

from __future__ import annotations

import subprocess
from io import StringIO
from pathlib import Path

import pytest
import yaml
from doors import Project
from rich.console import Console

from flows import cards
from flows.errors import Refused

JUDGE = """\
import pathlib, sys
folder, *paths = sys.argv[1:]
weights = pathlib.Path(folder, "model", "weights")
if paths != ["model"]:
    sys.exit(4)
print(f"## Results\\n\\n{paths[0]} has {weights.read_text().strip()}.")
"""


@pytest.fixture
def modelled(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """In git, with one commit::

    raw ─> train@a ─> page
    """
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.org")
    (project.root / ".dvc" / "config").write_text("")
    git(project, "init", "-q")
    project.write(params__yaml="rate: 0.1\nother: 1\n", code__py="# learns\n", judge__py=JUDGE)
    project.write(pyproject__toml='[tool.headwater]\ncard = "python judge.py"\n', __gitignore="/card.md\n")
    project.stages(
        raw={"cmd": "echo 1,2 > raw.csv", "outs": ["raw.csv"]},
        train={
            "matrix": {"key": ["a"]},
            "desc": "Learn a | b.",
            "cmd": "mkdir -p model; cp raw.csv model/weights; cat params.yaml > model/settings",
            "deps": ["raw.csv", "code.py"],
            "params": ["rate"],
            "outs": ["model"],
        },
        page={
            "cmd": "wc -l < model/weights > score.txt",
            "deps": ["model"],
            "outs": ["score.txt"],
            "meta": {"show": "score.txt"},
        },
    )
    path = project.root / "dvc.yaml"
    offered = {"fine-model": {"path": "model", "type": "model", "desc": "Learns well.", "labels": ["small", "good"]}}
    path.write_text(path.read_text() + yaml.safe_dump({"artifacts": offered}))
    project.dvc()
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "one")
    return project


def git(project: Project, *words: str) -> str:
    return subprocess.run(["git", "-C", str(project.root), *words], check=True, capture_output=True, text=True).stdout


def card(project: Project, target: str, file: Path | None = None) -> str:
    text = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        assert cards.card(Console(file=text, width=60), target, file) == 0
    return text.getvalue()


def test_a_card_has_its_origin_results_and_settings(modelled: Project):
    lock = modelled.lock()["stages"]
    (out,) = lock["train@a"]["outs"]
    code, raw = (dep["md5"] for dep in lock["train@a"]["deps"])
    text = card(modelled, "fine-model")
    for line in (
        "# fine-model\n\nLearns well.",
        "| Stage | `train@a`: Learn a \\| b. |",
        f"| Files | `model`, hash `{out['md5']}` |",
        "| To fetch it | `dvc artifacts get REPO fine-model`, in a tagged commit |",
        f"| Commit | `{git(modelled, 'rev-parse', 'HEAD').strip()}` |",
        "| Labels | small, good |",
        "## Results\n\nmodel has 1,2.\n",
        "| `params.yaml: rate` | `0.1` |",
        f"| `code.py` | `{code}` |  |",
        f"| `raw.csv` | `{raw}` | `raw` |",
    ):
        assert line in text
    assert "other" not in text
    assert card(modelled, "train@a") == card(modelled, "model") == card(modelled, "a") == text


def test_a_card_of_a_later_stage_names_the_data_it_goes_back_to(modelled: Project):
    (raw,) = modelled.lock()["stages"]["raw"]["outs"]
    text = card(modelled, "page")
    assert text.startswith("# page\n")
    assert f"| `raw.csv` | `{raw['md5']}` | further up |" in text
    assert "Results" not in text  # the project's command knows nothing of it


def test_what_is_not_committed_is_on_the_card(modelled: Project):
    modelled.write(code__py="# learns more\n")
    modelled.dvc()
    text = card(modelled, "fine-model")
    assert ", and not committed: `code.py`, `dvc.lock` |" in text


def test_results_that_are_out_of_date_are_not_on_the_card(modelled: Project):
    (modelled.root / "score.txt").write_text("ninety")
    text = card(modelled, "fine-model")
    assert "No results: page is out of date" in text
    assert "model has" not in text


def test_a_stale_model_several_and_none_get_no_card(modelled: Project):
    with pytest.raises(Refused, match=r"'nothing' is no stage"):
        card(modelled, "nothing")
    with pytest.raises(Refused, match=r"about one stage, and 'dvc.yaml' names 3: raw, train@a, page"):
        card(modelled, "dvc.yaml")
    modelled.write(params__yaml="rate: 0.2\n")
    with pytest.raises(Refused, match=r"'train@a' is not up to date: param params.yaml: rate: modified. Run it first"):
        card(modelled, "fine-model")


def test_a_card_is_written_to_a_file_seen_from_where_the_command_was_given(modelled: Project):
    said = card(modelled, "fine-model", Path("card.md"))
    assert said == f"written: {modelled.root / 'card.md'}\n"
    assert (modelled.root / "card.md").read_text() == card(modelled, "fine-model")
    with pytest.raises(Refused, match=r"the card cannot be written: .*Is a directory"):
        card(modelled, "fine-model", Path())
