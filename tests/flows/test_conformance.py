"""The short form of `make conformance`: a few of its random projects."""

from __future__ import annotations

import logging

import conformance
import pytest


@pytest.mark.parametrize("seed", [3, 7])
def test_random_projects_come_out_the_same_through_both_doors(seed: int, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.CRITICAL):
        conformance.check(seed, edits=3)


def test_a_difference_would_be_found(monkeypatch: pytest.MonkeyPatch):
    """An engine that leaves out the run-cache must not pass."""
    from dvc.stage.cache import StageCache

    from flows import store

    save = store.Store._save

    def forgetful(self, stage, *more):
        monkeypatch.setattr(StageCache, "save", lambda cache, stage: None)
        try:
            save(self, stage, *more)
        finally:
            monkeypatch.setattr(StageCache, "save", original)

    original = StageCache.save
    monkeypatch.setattr(store.Store, "_save", forgetful)
    with pytest.raises(AssertionError, match="run-cache differ"):
        conformance.check(3, edits=2)
