"""Progress bars on Prefect's page "Artifacts": of a run, and of its trainings."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from doors import Project
from prefect.settings import PREFECT_API_URL, temporary_settings
from test_artifacts import of_last_run

from flows import meta as metas
from flows import pipeline, progress
from flows.engine import Options, Run
from flows.guard import Guard
from flows.store import Store


def test_a_long_run_tells_its_progress_seldom(monkeypatch: pytest.MonkeyPatch):
    """200 stages of a tenth of a second: 20 s, so 3 updates 5 s apart before the last."""
    now, told = [0.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress, "create_progress_artifact", lambda *_, **__: "id")
    monkeypatch.setattr(progress, "update_progress_artifact", lambda _, share, **__: told.append(share))
    stages = progress.Stages(200)
    stages.begin()
    for _ in range(200):
        now[0] += 0.0999
        stages.finished(pipeline.Outcome("ran"))
    stages.update()
    assert told == [25.5, 51.0, 76.5, 100]


def trains(project: Project) -> None:
    """A stage that says what a training of two epochs would, and one that says nothing of the kind."""
    said = ["begins", "epoch 1 of 4 (head): validation loss 0.5", "epoch 3 of 4 (head): validation loss 0.4", "ends"]
    project.stages(
        train={"cmd": f"printf '%s\\n' {' '.join(map(repr, said))} > a.txt; cat a.txt", "outs": ["a.txt"]},
        other={"cmd": "echo 'an epoch 1 of 4' > b.txt; cat b.txt", "outs": ["b.txt"]},
    )


def test_a_training_that_says_its_epochs_is_a_progress_of_its_own(
    project: Project, served: str, monkeypatch: pytest.MonkeyPatch
):
    trains(project)
    told = []
    update = progress.update_progress_artifact
    monkeypatch.setattr(progress, "PACE", 0.0)
    monkeypatch.setattr(
        progress, "update_progress_artifact", lambda *a, **o: (told.append((a[1], o["description"])), update(*a, **o))
    )
    store, guard = Store(project.root), Guard()
    try:
        graph = store.graph()
        with temporary_settings({PREFECT_API_URL: served}):
            pipeline.execute(Run(graph, store, metas.check(graph), guard, Options(jobs=1)))
    finally:
        guard.close()
        store.close()
    found = of_last_run(served)
    assert {name for name in found if name.startswith("training")} == {"training-train"}
    assert found["training-train"]["task_run_id"] is not None
    assert found["training-train"]["data"] == 100
    assert (75.0, "epoch 3 of 4 (head): validation loss 0.4") in told


@pytest.mark.parametrize(("line", "share"), [("epoch 1 of 4 (head): x", 25), ("Epoch 3/4", 75), ("epoch 9 of 0", 100)])
def test_whatever_says_its_epochs_so(line: str, share: float, monkeypatch: pytest.MonkeyPatch):
    told = []
    monkeypatch.setattr(progress, "create_progress_artifact", lambda share, **o: told.append((share, o)) or "id")
    progress.Training("fit@a").line(line)
    assert told == [(share, {"key": "training-fit-a", "description": line})]


def test_stages_that_end_at_once_are_told_one_after_the_other(monkeypatch: pytest.MonkeyPatch):
    told = []

    def update(_: str, share: float, **__: object) -> None:
        time.sleep(0.05)
        told.append(share)

    monkeypatch.setattr(progress, "PACE", 0.0)
    monkeypatch.setattr(progress, "create_progress_artifact", lambda *_, **__: "id")
    monkeypatch.setattr(progress, "update_progress_artifact", update)
    stages = progress.Stages(8)
    stages.begin()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(stages.finished, [pipeline.Outcome("ran")] * 8))
    stages.update()
    assert told[-1] == 100
