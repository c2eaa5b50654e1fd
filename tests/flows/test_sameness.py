"""What differs because of what: pure functions over records."""

from __future__ import annotations

from flows.dag import Stage
from flows.sameness import assess, changes, judged
from flows.store import Change
from flows.store.records import Record

STAGES = {"split": (), "train": ("split",), "other": ("split",), "score": ("train", "other"), "page": ("score",)}


def records(**hashes: str) -> dict[str, Record]:
    """A chain with two arms; each stage makes `<stage>.out`, whose hash is given, or "0".

    ::

        split ─┬─> train ─┬─> score ─> page
               └─> other ─┘
    """
    return {
        name: Record(
            command=f"make {name}",
            params={"params.yaml: rate": 1},
            deps={"code.py": "c", **{f"{parent}.out": hashes.get(parent, "0") for parent in parents}},
            outs={f"{name}.out": hashes.get(name, "0")},
        )
        for name, parents in STAGES.items()
    }


GRAPH = {
    name: Stage(name, frozenset(parents), ("x",), tuple(f"{p}.out" for p in parents), (f"{name}.out",))
    for name, parents in STAGES.items()
}


def states(found) -> dict[str, str]:
    return {name: one.state for name, one in found.items()}


def test_equal_hashes_are_exact_even_if_a_param_changed():
    new = records()
    new["train"] = Record(new["train"].command, {"params.yaml: rate": 2}, new["train"].deps, new["train"].outs)
    found = assess(GRAPH, records(), new)
    assert set(states(found).values()) == {"exact"}
    assert found["train"].because == (Change("param", "params.yaml: rate", "modified", 1, 2),)
    assert found["score"].because == ()


def test_a_change_is_inherited_by_what_came_out_different_below_and_by_nothing_else():
    new = records(train="1", score="1", page="1")
    new["train"] = Record("make train faster", {}, {**new["train"].deps, "code.py": "d"}, new["train"].outs)
    found = assess(GRAPH, records(), new)
    assert states(found) == {
        "split": "exact",
        "train": "changed",
        "other": "exact",
        "score": "changed",
        "page": "changed",
    }
    named = [(change.kind, change.name, change.old, change.new) for change in found["train"].because]
    assert named == [
        ("command", "train", "make train", "make train faster"),
        ("param", "params.yaml: rate", 1, None),
        ("dep", "code.py", "c", "d"),
    ]
    assert found["page"].because == found["train"].because  # not the hash of score.out, which train explains
    assert found["page"].through == ("score",)
    assert found["score"].through == ("train",)


def test_an_input_that_was_recorded_from_another_version_of_its_maker_is_named():
    """split makes what dvc.lock records of it, but dvc.lock's train had read something else."""
    old = records(train="1")
    old["train"] = Record(
        old["train"].command, old["train"].params, {"code.py": "c", "split.out": "9"}, {"train.out": "5"}
    )
    found = assess(GRAPH, old, records(train="1"))
    assert found["train"].state == "changed"
    assert found["train"].because == (Change("dep", "split.out", "modified", "9", "0"),)


def test_without_a_cause_it_differs_from_the_first_that_does():
    found = assess(GRAPH, records(), records(train="1", score="1", page="1"))
    assert states(found) == {
        "split": "exact",
        "train": "differs",
        "other": "exact",
        "score": "differs",
        "page": "differs",
    }
    assert all(one.because == () for one in found.values())
    assert found["train"].through == ()
    assert found["train"].outs == {"train.out": ("0", "1")}


def test_what_is_judged_equal_speaks_for_what_it_was_made_from_and_for_what_is_made_of_it():
    found = assess(GRAPH, records(), records(train="1", score="1", page="1"))
    equal = judged(found, {"score": (True, "inside")})
    assert states(equal) == {"split": "exact", "train": "equal", "other": "exact", "score": "equal", "page": "equal"}
    assert equal["train"].said == equal["page"].said == "see score"
    other = judged(found, {"score": (False, "outside")})
    assert {other[name].state for name in ("train", "score", "page")} == {"differs"}
    assert other["score"].said == "outside"
    nobody = judged(found, {"score": (None, "cannot be judged")})
    assert {nobody[name].state for name in ("train", "score", "page")} == {"differs"}
    words = judged(found, {"score": (True, "inside"), "page": (False, "another word")})
    assert states(words) | {"page": "differs", "train": "equal"} == states(words)


def test_a_stage_without_a_record_is_new_and_one_that_failed_is_passed_over():
    old, new = records(), records()
    del old["train"], new["page"]
    found = assess(GRAPH, old, new)
    assert found["train"].state == "new"
    assert "page" not in found


def test_of_a_mapping_the_entries_that_changed_are_named():
    one = Record(
        params={"params.yaml: train": {"rate": 1, "net": {"layers": [3, 2], "batch": 8}}, "params.yaml: seed": 1}
    )
    two = Record(params={"params.yaml: train": {"rate": 1, "net": {"layers": [3, 4]}}, "params.yaml: seed": {"a": 1}})
    assert changes("s", one, two) == [
        Change("param", "params.yaml: seed", "modified", 1, "{'a': 1}"),
        Change("param", "params.yaml: train.net.batch", "deleted", 8, None),
        Change("param", "params.yaml: train.net.layers", "modified", "[3, 2]", "[3, 4]"),
    ]
