"""What is up to date, what is not and why, and what the doctor asks. Nothing here changes the project."""

from __future__ import annotations

import contextlib

from dvc.exceptions import DvcException
from dvc.stage import PipelineStage

from flows import dag
from flows.store.differences import Change, changed, changes, lookup
from flows.store.project import Project


class Checks(Project):
    """An open project, looked at."""

    def is_current(self, name: str) -> bool:
        """Whether `dvc repro` would have nothing to do for this stage."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched[name] = self._mark(stage)
            return not changed(stage)

    def changes(self, name: str) -> list[Change]:
        """Every reason why the stage is not up to date; empty if it is."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched[name] = self._mark(stage)
            return changes(stage, self._lock_of(stage).stage(stage.name) if isinstance(stage, PipelineStage) else None)

    def restorable(self, name: str) -> bool:
        """Whether the run-cache holds the outputs for the deps as they are now. Changes nothing."""
        with self._locked():
            stage = self._fresh(name)
            self._untouched.pop(name, None)  # `lookup` hashes into the stage; the next user gets a new one
            with contextlib.suppress(DvcException):
                return bool(stage.cmd) and not stage.frozen and lookup(stage) is not None
            return False

    def uncached(self, graph: dag.Graph) -> dict[str, list[str]]:
        """{stage: outputs that are `cache: false`}; metrics and plots included, as they do not travel either."""
        found = {name: [str(o) for o in self._stages[name].outs if not o.use_cache] for name in graph}
        return {name: paths for name, paths in found.items() if paths}

    def unreachable(self) -> dict[str, list[str]]:
        """{stage: recorded outputs whose cached copy is gone or damaged}."""
        with self._locked():
            found = {
                name: [str(o) for o in stage.outs if o.use_cache and o.hash_info and o.changed_cache()]
                for name, stage in self._stages.items()
            }
        return {name: paths for name, paths in found.items() if paths}
