"""What agents need of DVC's remote: a stage's inputs go up, its result comes down, each exactly once.

Objects are named by their content and a run-cache entry by its own hash below the hash of all that the stage reads
(`key`), so whoever writes late or twice adds what is there already, or something else beside it; nothing is replaced.
Objects go up before the entry that names them: an entry in the remote is always whole.
"""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dvc.config import RemoteConfigError
from dvc.exceptions import DvcException
from dvc.fs import generic
from dvc.repo import Repo
from dvc.stage import PipelineStage
from dvc.stage.cache import _can_hash, _get_cache_hash, _get_stage_hash
from dvc.stage.serialize import to_single_stage_lockfile

from flows.errors import StageFailed
from flows.lockfile import LockFile
from flows.store.complaints import stage_errors, text
from flows.store.differences import values
from flows.store.objects import overlap
from flows.store.project import Project
from flows.store.store import Store

Objects = Mapping[str | None, set[Any]]  # by the name of the remote they belong to; None is the default one


def stays(project: Project, name: str) -> str:
    """Why a stage's result cannot travel by the run-cache; "" if it can."""
    stage = project._stages[name]
    fixed = [str(out) for out in stage.outs if out.protocol != "local" or out.persist or not out.is_in_repo]
    if fixed:
        return f"its output {fixed[0]} lies outside the project or is kept between runs (persist)"
    if loose := [str(out) for out in stage.outs if not out.use_cache]:
        return f"its output {loose[0]} is `cache: false`, and such do not travel; let DVC cache it"
    if stage.always_changed or not stage.deps or not stage.outs:
        return "DVC keeps no run-cache of a stage that has no deps, no outs, or always runs"
    try:
        project.repo.cloud.get_remote("", "push")
    except (DvcException, RemoteConfigError):
        return "the project has no default DVC remote by which files could go there (`dvc remote add -d NAME URL`)"
    return ""


def fingerprint(project: Project, name: str) -> tuple[str, dict[str, Any]]:
    """DVC's run-cache key of a stage as it stands, and what it reads: {file: hash}, {file: {param: value}}.

    Raises:
        StageFailed: A dep is not there, or DVC keeps no run-cache of such a stage.
    """
    with project._locked(), stage_errors():
        stage = project._fresh(name)
        missing = [str(dep) for dep in stage.deps if dep.protocol == "local" and not dep.exists]
        if missing:
            raise StageFailed(f"needs {', '.join(missing)}, which is not there")
        stage.save_deps()
        if not _can_hash(stage):
            raise StageFailed(f"DVC keeps no run-cache of '{name}', so its result cannot travel")
        return _get_stage_hash(stage), json.loads(json.dumps(values(stage.deps), default=str))


def _inputs(project: Project, name: str) -> Iterator[tuple[str, Any, str]]:
    """(maker, output, path) of all outputs of other stages that a stage reads; path is the part of it that is read."""
    reads = [dep.fs_path for dep in project._stages[name].deps if dep.protocol == "local"]
    for maker in list(project._stages):
        made = [out.fs_path for out in project._stages[maker].outs]
        if maker == name or not any(overlap(out, read) for out in made for read in reads):
            continue
        for out in project._fresh(maker).outs:
            for read in reads:
                if overlap(out.fs_path, read):
                    yield maker, out, max(out.fs_path, read, key=len)


def send_inputs(project: Project, name: str) -> dict[str, dict[str, Any]]:
    """Put into the remote what a stage reads of other stages' outputs; what dvc.lock records of those.

    Returns:
        {path of a dvc.lock: {stage: {"cmd", "outs"}}}.
    """
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    with project._locked(), stage_errors():
        inputs = list(_inputs(project, name))
        objects = _objects((out, path) for _, out, path in inputs)
        for maker, _, _ in inputs:
            stage = project._stages[maker]
            if isinstance(stage, PipelineStage):
                lock = project._lock_of(stage)
                entry = lock.stage(stage.name)
                kept = {key: entry[key] for key in ("cmd", "outs") if key in entry}
                found[str(Path(lock.path).relative_to(project.root))][stage.name] = kept
    _move(project, objects, up=True)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def forget_prefect(project: Project) -> None:
    """Let commands see the environment without Prefect's settings, its key to the server among them."""
    project.environment = {k: value for k, value in project.environment.items() if not k.startswith("PREFECT_")}


def record_inputs(root: Path, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what `send_inputs` returned into a checkout's dvc.lock files."""
    for path, stages in records.items():
        place = (root / path).resolve()
        if not place.is_relative_to(root.resolve()) or place.suffix != ".lock":
            raise StageFailed(f"'{path}' is no lock file inside the project")
        lock = LockFile(place)
        for stage, entry in stages.items():
            lock.replace(stage, entry)


def fetch_inputs(project: Project, name: str) -> None:
    """Bring what a stage reads of other stages' outputs, and nothing else, from the remote into the workspace."""
    with project._locked(), stage_errors():
        inputs = list(_inputs(project, name))
        objects = _objects((out, path) for _, out, path in inputs)
        _move(project, objects, up=False)
        for _, out, path in inputs:
            if out.use_cache and out.hash_info:
                out.checkout(force=True, filter_info=None if path == out.fs_path else path)


def publish(project: Project, name: str, key: str) -> str:
    """Put a stage's recorded result into the remote: objects first, then its run-cache entry; that entry's name."""
    with project._locked(), stage_errors():
        stage = project._fresh(name)
        entry = to_single_stage_lockfile(stage)
        value: str = _get_cache_hash(copy.deepcopy(entry))
        if _get_stage_hash(stage) != key:
            raise StageFailed(f"what '{name}' reads changed while it ran here; nothing was published")
        objects = _objects((out, out.fs_path) for out in stage.outs)
        source = project.repo.stage_cache._get_cache_path(key, value)
    _move(project, objects, up=True)
    with stage_errors(), Repo(str(project.root)) as repo:
        remote = _runs(repo)
        target = remote.fs.join(remote.path, "runs", key[:2], key, value)
        if not remote.fs.exists(target):
            generic.copy(repo.cache.legacy.fs, source, remote.fs, target)
    return value


def published(project: Project, key: str) -> list[str]:
    """Names of the run-cache entries that the remote has for a key."""
    with stage_errors(), Repo(str(project.root)) as repo:
        remote = _runs(repo)
        folder = remote.fs.join(remote.path, "runs", key[:2], key)
        if not remote.fs.exists(folder):
            return []
        return sorted(remote.fs.name(path) for path in remote.fs.find(folder) if len(remote.fs.name(path)) == 64)


def receive(store: Store, name: str, key: str, value: str) -> None:
    """Put the result that a run-cache entry of the remote names into the workspace, for `Store.finish` to record.

    Raises:
        StageFailed: The remote has no such entry, it is of another stage or damaged, or an object is missing.
    """
    stage, _ = store._running[name]
    with stage_errors(), Repo(str(store.root)) as repo:
        remote = _runs(repo)
        source = remote.fs.join(remote.path, "runs", key[:2], key, value)
        target = Path(repo.stage_cache._get_cache_path(key, value))
        if not target.exists():
            if not remote.fs.exists(source):
                raise StageFailed(f"the DVC remote has no result {value[:12]} of '{name}', though an agent named it")
            part = target.with_name(f"{value}.part")
            target.parent.mkdir(parents=True, exist_ok=True)
            generic.copy(remote.fs, source, repo.cache.legacy.fs, str(part))
            part.rename(target)
        entry = repo.stage_cache._load_cache(key, value)
    wrong = not entry or _get_cache_hash(copy.deepcopy(entry)) != value
    if wrong or _get_cache_hash(copy.deepcopy(entry), key=True) != key:
        target.unlink(missing_ok=True)
        raise StageFailed(f"the result {value[:12]} in the DVC remote is damaged or of another stage; it was not taken")
    with store._locked(), stage_errors():
        made = store.repo.stage_cache._create_stage(entry, wdir=stage.wdir)
        objects = _objects((out, out.fs_path) for out in made.outs)
    _move(store, objects, up=False)
    with store._locked(), stage_errors():
        for out in made.outs:
            out.checkout(force=True)


def _runs(repo: Any) -> Any:
    """Where the remote keeps the run-cache."""
    return repo.cloud.get_remote_odb(None, "push --run-cache", hash_name="md5-dos2unix")


def _objects(outs: Iterable[tuple[Any, str]]) -> Objects:
    """The objects of outputs, or of the parts of them below a path; folders' listings are fetched where needed."""
    found: dict[str | None, set[Any]] = defaultdict(set)
    for out, path in outs:
        for objects in out.get_used_objs(filter_info=None if path == out.fs_path else path).values():
            found[out.remote].update(objects)
    return found


def _move(project: Project, objects: Objects, *, up: bool) -> None:
    """Between cache and remote. In a repo of its own, without DVC's lock: objects never change, and it may take long.

    Raises:
        StageFailed: With what could not be moved.
    """
    try:
        with Repo(str(project.root)) as repo:
            for remote, infos in objects.items():
                done = (repo.cloud.push if up else repo.cloud.pull)(infos, remote=remote)
                if done.failed:
                    names = ", ".join(sorted({str(info.obj_name or info.value) for info in done.failed})[:5])
                    where = "to" if up else "from"
                    raise StageFailed(f"{len(done.failed)} files could not be copied {where} the DVC remote: {names}")
    except (DvcException, OSError) as error:
        raise StageFailed(f"the DVC remote cannot be {'written' if up else 'read'}: {text(error)}") from None
