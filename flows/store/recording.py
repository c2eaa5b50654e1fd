"""Write down what a stage results in: run-cache, cache, dvc.lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from dvc.stage import PipelineStage
from dvc.stage.serialize import to_single_stage_lockfile

from flows.store.checks import Checks
from flows.store.differences import values


class Recording(Checks):
    """An open project, whose results can be recorded. The caller holds the lock."""

    def _save(self, stage: Any, on_hashed: Callable[[dict[str, Any]], object] = lambda hashes: None) -> None:
        """The end of `Stage.run` (with `Stage.save` spelt out), and the dump of `_reproduce_stage`."""
        stage.save_deps()
        stage.save_outs()
        on_hashed(values(stage.outs))
        stage.md5 = stage.compute_md5()
        if all(out.use_cache for out in stage.outs if not (out.is_metric or out.is_plot)):
            self.repo.stage_cache.save(stage)
        for out in stage.outs:
            out.commit()
        self._dump(stage)

    def _dump(self, stage: Any) -> None:
        if not isinstance(stage, PipelineStage):
            stage.dump()
            return
        lock = self._lock_of(stage)
        lock.replace(stage.name, to_single_stage_lockfile(stage))
        self.repo.scm_context.track_file(os.path.relpath(lock.path, self.root))

    def _verify(self, stage: Any, force: bool) -> bool:
        """Tracked data, imports, frozen stages: DVC's own call, which runs no command; whether it recorded anything."""
        if stage.reproduce(force=force) is None:
            return False
        self._dump(stage)
        return True
