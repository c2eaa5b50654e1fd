"""The models that dvc.yaml offers: outputs of stages, and fetched by name from a git repository and a folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.annotations import Artifact
from dvc.repo import Repo

from tasks.common import params
from tests.copies import CARRIED, ROOT

NAME = "tables-fine-tuning"


@pytest.fixture(scope="module")
def declared() -> tuple[dict[str, str], dict[str, Artifact]]:
    """{output: key of its stage}, {name: artifact}."""
    with Repo(str(ROOT)) as repo:
        made = {out.def_path: stage.addressing.partition("@")[2] for stage in repo.index.stages for out in stage.outs}
        return made, repo.artifacts.read()["dvc.yaml"]


def test_every_artifact_is_the_output_of_the_stage_whose_key_is_its_name(declared):
    made, artifacts = declared
    assert {one.path: name for name, one in artifacts.items()}.items() <= made.items()
    assert {one.type for one in artifacts.values()} == {"model"}
    assert all(one.desc and one.labels for one in artifacts.values())


def test_every_study_offers_its_source_model_and_one_that_was_made_from_it(declared):
    for study in params.load(ROOT / "params.yaml").run.studies:
        offered = [one for one in declared[1].values() if study in Path(one.path).parts]
        labels = {label for one in offered for label in one.labels or ()}
        assert "source" in labels
        assert labels & {"transferred", "adapted"}, study


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project in git, one artifact recorded, tagged and pushed to a folder, and no longer in the workspace."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "somebody")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "somebody@example.org")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    root = tmp_path / "published"
    for name in CARRIED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, root / name)
    call(root, "git init --quiet")
    Repo.init(str(root)).close()
    (root / ".dvc" / "config").write_text(f"[core]\nremote = store\n['remote \"store\"']\nurl = {tmp_path / 'store'}\n")
    monkeypatch.chdir(root)
    with Repo() as repo:
        artifact = repo.artifacts.read()["dvc.yaml"][NAME]
        stage = next(s for s in repo.index.stages for out in s.outs if out.def_path == artifact.path)
        files = [dep.def_path for dep in stage.deps if dep.def_path.startswith("data/")]
        for path in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("made elsewhere")
        (root / artifact.path).mkdir(parents=True)
        (root / artifact.path / "model.json").write_text('{"layers": 3}')
        repo.commit(stage.name, force=True)
        repo.push([stage.name])
    call(root, "git add --all")
    call(root, "git commit --quiet --message made")
    call(root, f"git tag --annotate {NAME}@v1.0.0 --message first")
    shutil.rmtree(root / ".dvc" / "cache")
    shutil.rmtree(root / "data" / "methods")
    return root


def call(folder: Path, command: str) -> None:
    words = command.split()
    if words[0] == "dvc":
        words = [sys.executable, "-m", *words]
    done = subprocess.run(words, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_model_is_fetched_by_name_from_a_tag_and_a_folder(published: Path, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    call(elsewhere, f"dvc artifacts get {published} {NAME} --out model")
    assert (elsewhere / "model" / "model.json").read_text() == '{"layers": 3}'
