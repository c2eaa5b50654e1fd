"""The synthetic DAGs are what the benchmark says: layered, recorded as done, and nothing else."""

from pathlib import Path

import pytest

from benchmarks import scale
from flows.store import Store


def test_a_synthetic_project_is_up_to_date_and_its_edges_are_those_declared(monkeypatch: pytest.MonkeyPatch):
    """60 stages: a first layer of 50 that reads nothing, and ten that read two of it each."""
    monkeypatch.chdir(Path.cwd())  # back here afterwards: a store goes to its project
    with scale.project(60) as folder:
        monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(folder / ".site"))
        store = Store(folder)
        try:
            graph = store.graph()
            assert len(graph) == 60
            assert graph["s00055"].parents == {"s00005", "s00006"}
            assert not graph["s00049"].parents
            assert all(store.is_current(name) for name in graph)
            (folder / "params.yaml").write_text("rate: 0.2\n")
            store.graph()
            assert not any(store.is_current(name) for name in graph)
        finally:
            store.close()


def test_the_neighbour_of_a_layers_last_stage_is_its_first():
    assert [scale.above(number) for number in (49, 50, 99)] == [[], [0, 1], [49, 0]]


def test_what_a_part_measures_comes_back_from_its_process():
    with scale.project(5) as folder:
        before = (folder / "dvc.lock").read_text()
        figures = scale.measure("record", folder, 5)
        assert (folder / "dvc.lock").read_text() == before  # the parts after it find all done
    assert figures["replace_ms"] > 0
    assert figures["peak_mib"] > 10
