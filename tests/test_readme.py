"""What the README shows is there: commands, targets, studies, methods, and the verdict it quotes."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tasks.common import params

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = params.load(ROOT / "params.yaml")


def test_every_make_target_it_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", README)) | set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
    assert {"run", "test", "smoke", "ui", "check"} <= named <= targets


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`headwater ([a-z]+)", README))))
def test_every_command_it_names_exists(command: str):
    done = subprocess.run([sys.executable, "-m", "flows.cli", command, "--help"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_every_path_it_names_exists():
    named = [
        path for path in re.findall(r"`((?:flows|tasks|tests|data|dvc|params)[/.][\w./-]*)`", README) if "<" not in path
    ]
    missing = [path for path in named if not (ROOT / path).exists() and path != "dvc.lock"]
    assert named
    assert not missing


def test_its_tables_list_all_studies_and_methods():
    methods = [name for family in params.BLOCKS for name in params.known(family)]
    for name in [*SETTINGS.run.studies, *methods]:
        assert re.search(rf"^\|[^\n]*`{re.escape(name)}`", README, re.MULTILINE), name


@pytest.mark.parametrize("family", params.BLOCKS)
def test_every_method_has_its_paragraph_in_the_docs(family: params.Family):
    page = (ROOT / "docs" / "methods" / f"{family}.md").read_text(encoding="utf-8")
    for name in params.known(family):
        assert re.search(rf"^(#+ |\*\*|- )[^\n]*`?{re.escape(name)}\b", page, re.MULTILINE), name


def test_the_verdict_it_quotes_is_the_one_that_dvc_lock_records():
    quoted = re.search(r"<!-- verdict fashion-pullover -->\n```\n(.*?)```", README, re.DOTALL)
    assert quoted
    outs = YAML(typ="safe").load((ROOT / "dvc.lock").read_text())["stages"]["report@fashion-pullover"]["outs"]
    recorded = {out["path"]: out["md5"] for out in outs}
    quoted_sum = hashlib.md5(quoted[1].encode(), usedforsecurity=False).hexdigest()
    assert quoted_sum == recorded["data/report/fashion-pullover/verdict.txt"]
