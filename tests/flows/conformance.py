"""Two doors, one result: random projects and random edits, held against serial `dvc repro`.

Run: python tests/flows/conformance.py [CASES] [SEED]       some seconds a case

A case is a random DAG in two copies. Six times over, both copies get the same random edit; then one is brought up to
date by DVC alone, the other by the engine, or by engine and DVC in turn. After each: dvc.lock equal as data; outputs,
cache and run-cache equal byte for byte; exactly the same stages executed; `dvc status` the same; a second run of either
door idle. Restoring what the other door put into the run-cache is among the edits ("back", "param", "delete").
"""

from __future__ import annotations

import io
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import yaml  # noqa: E402
from doors import Project, make  # noqa: E402

# What it prints is made of all it reads.
COMMAND = "echo $DVC_STAGE >> ../ran; python3 -S code/{name}.py {seed} {reads} > {out}"
CODE = """import sys, pathlib
knob = pathlib.Path("params.yaml").read_text()
print("salt {salt}", sys.argv[1])
for name in sys.argv[2:]:
    path = pathlib.Path(name)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file(): print(file.name, len(file.read_text()), file.read_text()[:{take}])
{params}
"""


class Case:
    """One random project in two copies, and the edits that both get."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.rng = rng
        self.copies = [make(folder / name / "project") for name in ("serial", "engine")]
        self.stages: dict[str, dict[str, Any]] = {}
        self.params = {f"k{i}": rng.randrange(9) for i in range(4)}
        self.data = {f"raw{i}.txt": f"raw {rng.random()}\n" for i in range(3)}
        self.salts: dict[str, int] = {}
        self.takes: dict[str, int] = {}
        for i in range(rng.randint(2, 9)):
            self.add(f"s{i}")
        self.write()

    def add(self, name: str) -> None:
        """A stage that reads data, params and outputs of earlier stages, and makes a file, a folder or a metric."""
        rng = self.rng
        made = [out for stage in self.stages.values() for out in stage["paths"]]
        reads = rng.sample(made, min(len(made), rng.randint(0, 3))) + rng.sample(sorted(self.data), rng.randint(0, 2))
        kind = rng.choice(["file", "file", "folder", "metric", "uncached", "persist", "two"])
        params = rng.sample(sorted(self.params), rng.randint(0, 2))
        self.salts[name], self.takes[name] = rng.randrange(100), rng.choice([0, 5, 500])
        out = f"{name}.txt" if kind != "folder" else f"{name}.dir/part.txt"
        command = COMMAND.format(name=name, seed=rng.randrange(3), reads=" ".join(sorted(reads)), out=out)
        if kind == "folder":
            command = f"mkdir -p {name}.dir; {command}; echo more > {name}.dir/more.txt"
        stage: dict[str, Any] = {"cmd": command, "deps": [f"code/{name}.py", *reads]}
        paths = [f"{name}.dir" if kind == "folder" else f"{name}.txt"]
        if kind == "two":
            stage["cmd"] = [command, f"cp {name}.txt {name}.copy"]
            paths.append(f"{name}.copy")
        if params:
            stage["params"] = params
        if kind == "metric":
            stage["cmd"] += f"; echo '{{\"n\": 1}}' > {name}.json"
            stage["metrics"] = [{f"{name}.json": {"cache": rng.random() < 0.5}}]
        flags = {"uncached": {"cache": False}, "persist": {"persist": True}}.get(kind)
        stage["outs"] = [{path: flags} if flags else path for path in paths]
        if rng.random() < 0.07:
            stage["always_changed"] = True
        if rng.random() < 0.2:
            stage["meta"] = {"timeout": 60}
        self.stages[name] = {"yaml": stage, "paths": paths, "params": params}

    def write(self) -> None:
        for copy in self.copies:
            copy.write(
                params__yaml=yaml.safe_dump(self.params), **{k.replace(".", "__"): v for k, v in self.data.items()}
            )
            (copy.root / "code").mkdir(exist_ok=True)
            for name, stage in self.stages.items():
                params = "".join(
                    f"print([l for l in knob.splitlines() if l.startswith('{p}:')])\n" for p in stage["params"]
                )
                text = CODE.format(salt=self.salts[name], take=self.takes[name], params=params)
                path = copy.root / "code" / f"{name}.py"
                if not path.exists() or path.read_text() != text:
                    path.write_text(text)
            copy.stages(**{name: stage["yaml"] for name, stage in self.stages.items()})

    def edit(self) -> str:
        """One random change to both copies; what it was."""
        rng, name = self.rng, self.rng.choice(sorted(self.stages))
        outs = [path for stage in self.stages.values() for path in stage["paths"]]
        kind = rng.choice(
            ["param", "param", "data", "back", "code", "command", "delete", "damage", "add", "lock", "cache", "nothing"]
        )
        if kind == "param":
            self.params[rng.choice(sorted(self.params))] = rng.randrange(3)
        elif kind == "data":
            self.data[rng.choice(sorted(self.data))] = f"raw {rng.randrange(3)}\n"
        elif kind == "back":
            self.data = dict.fromkeys(self.data, "raw 0\n")
        elif kind == "code":
            self.salts[name] = rng.randrange(3)
        elif kind == "command":
            stage = self.stages[name]["yaml"]
            old = stage["cmd"] if isinstance(stage["cmd"], str) else stage["cmd"][0]
            new = old.replace(f"{name}.py ", f"{name}.py 1", 1)
            stage["cmd"] = new if isinstance(stage["cmd"], str) else [new, *stage["cmd"][1:]]
        elif kind == "add":
            self.add(f"s{len(self.stages)}")
        self.write()
        path = rng.choice(outs)
        for copy in self.copies:
            target = copy.root / path
            if kind == "delete":
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
            elif kind == "damage" and target.exists():
                file = target / "more.txt" if target.is_dir() else target
                file.write_text("damaged\n")
            elif kind == "lock" and (copy.root / "dvc.lock").exists():
                lock = copy.lock()
                lock["stages"].pop(name, None)
                (copy.root / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
            elif kind == "cache":
                shutil.rmtree(copy.root / ".dvc" / "cache" / "files", ignore_errors=True)
        return f"{kind} {name} {path}"

    def compare(self, what: str) -> None:
        serial, engine = self.copies
        for label, left, right in (
            ("dvc.lock", serial.lock().get("stages"), engine.lock().get("stages")),
            ("outputs", self.outputs(serial), self.outputs(engine)),
            ("cache", serial.tree(".dvc/cache/files"), engine.tree(".dvc/cache/files")),
            ("run-cache", serial.tree(".dvc/cache/runs"), engine.tree(".dvc/cache/runs")),
            ("what ran", sorted(serial.log()), sorted(engine.log())),
            ("dvc status", serial.stale(), engine.stale()),
        ):
            assert left == right, f"{what}: {label} differ\nserial: {_only(left, right)}\nengine: {_only(right, left)}"

    def outputs(self, copy: Project) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for stage in self.stages.values():
            for path in stage["paths"]:
                full = copy.root / path
                found[path] = copy.tree(path) if full.is_dir() else full.read_bytes() if full.exists() else None
        return found


def _only(left: Any, right: Any) -> Any:
    if isinstance(left, dict) and isinstance(right, dict):
        return {key: value for key, value in left.items() if right.get(key) != value}
    return left


def check(seed: int, edits: int = 6) -> None:
    """One case. Raises AssertionError with the seed, the edits and the difference."""
    rng = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="conformance-"))
    before = Path.cwd()
    try:
        with redirect_stdout(io.StringIO()):
            case = Case(folder, rng)
            serial, engine = case.copies
            history = ["start"]
            for _ in range(edits):
                failed = _both(
                    case, engine, rng.choice(["engine", "engine", "engine then dvc", "dvc then engine", "part"])
                )
                case.compare(f"seed {seed}, {history}, {failed}")
                again = engine.engine()
                every = {name for name, stage in case.stages.items() if stage["yaml"].get("always_changed")}
                ran = {name for name, outcome in again.items() if outcome.state != "cached"} - every
                # Below a stage that runs every time nothing wakes unless its bytes change, and they do not.
                assert not ran, f"seed {seed}, {history}: a second run of the engine ran {ran}"
                assert set(serial.dvc()) <= every
                history.append(case.edit())
    finally:
        os.chdir(before)
        shutil.rmtree(folder, ignore_errors=True)


def _both(case: Case, engine: Project, how: str) -> str:
    """Bring both copies up to date; the serial one by DVC, the other as ``how`` says."""
    serial = case.copies[0]
    target = sorted(case.stages)[len(case.stages) // 2]
    if how == "part":  # one target first, through the engine; then all
        serial.dvc(targets=[target])
        engine.engine(target)
    if how == "dvc then engine":
        serial.dvc(targets=[target])
        engine.dvc(targets=[target])
    serial.dvc()
    outcomes = engine.engine(jobs=case.rng.choice([1, 4]))
    wrong = {name: o for name, o in outcomes.items() if not o.done}
    assert not wrong, wrong
    if how == "engine then dvc":
        every = {name for name, stage in case.stages.items() if stage["yaml"].get("always_changed")}
        assert set(engine.dvc()) <= every
        serial.dvc()
    return how


def main(cases: int = 200, first: int = 0) -> int:
    for name in ("DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"):
        os.environ[name] = tempfile.mkdtemp(prefix="conformance-")
    os.environ["DVC_NO_ANALYTICS"] = "1"
    logging.disable(logging.ERROR)
    begun = time.monotonic()
    different = []
    for seed in range(first, first + cases):
        try:
            check(seed)
        except AssertionError as error:
            different.append(seed)
            print(f"seed {seed}: {error}", flush=True)
        if (seed - first + 1) % 20 == 0:
            print(f"{seed - first + 1} cases, {len(different)} differ, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{cases} random projects, {6 * cases} states: {len(different)} differ {different or ''}")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
