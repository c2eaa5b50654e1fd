"""Break each loss in plausible ways and see that its tests notice: `make mutants`, or name families to try only these.

Each mutant is made in a copy of the project. One that survives, or does not apply any more, ends in exit code 1.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import Mutant

ROOT = Path(__file__).parents[2]
FAMILIES = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def caught(mutant: Mutant) -> str:
    """``caught``, ``SURVIVED`` or ``DOES NOT APPLY``."""
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return "DOES NOT APPLY"
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tasks", "tests"):
            shutil.copytree(ROOT / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("params.yaml", "dvc.yaml", "pyproject.toml"):
            shutil.copy(ROOT / name, folder)
        Path(folder, mutant.file).write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", mutant.tests],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    return {0: "SURVIVED", 1: "caught"}.get(done.returncode, f"DOES NOT RUN: {done.stdout[-300:]}")


def main(families: list[str]) -> int:
    """Try all mutants of the families on two processes; the number that were not caught."""
    found = [m for name in families for m in importlib.import_module(f"tests.mutants.{name}").MUTANTS]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(caught, found))
    for mutant, result in zip(found, results, strict=True):
        print(f"{result:<9} {mutant.file}: {mutant.old.strip()!r} -> {mutant.new.strip()!r}")
    bad = sum(result != "caught" for result in results)
    print(f"{len(found)} mutants, {len(found) - bad} caught")
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:] or FAMILIES)))
