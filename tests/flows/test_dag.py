"""Selection and order on small graphs drawn in the tests."""

from __future__ import annotations

import doctest

import pytest

from flows import dag, errors, lockfile, meta, process
from flows.dag import Stage
from flows.errors import Refused


def graph(**parents: str) -> dict[str, Stage]:
    """{"b": "a"} is b, which needs a; "_at_" stands for @, "_" before a group's key."""
    found = {}
    for name, needs in parents.items():
        full = name.replace("_at_", "@")
        group = full.partition("@")[0] if "@" in full else None
        needed = frozenset(n.replace("_at_", "@") for n in needs.split())
        found[full] = Stage(full, needed, outs=(f"out/{full}",), group=group)
    return found


def six() -> dict[str, Stage]:
    r"""::

    a ─> b ─> d ─> e
         c ─┘     f
    """
    return graph(d="b c", b="a", a="", c="", e="d", f="")


def test_order_puts_each_stage_after_all_it_needs():
    found = dag.order(six())
    for name, stage in six().items():
        assert all(found.index(p) < found.index(name) for p in stage.parents)
    assert sorted(found) == list("abcdef")


def test_a_target_brings_what_it_needs_and_nothing_else():
    assert set(dag.select(six(), ["d"])) == set("abcd")


def test_single_takes_the_targets_alone_and_downstream_what_needs_them():
    assert list(dag.select(six(), ["d"], single=True)) == ["d"]
    assert list(dag.select(six(), ["b"], downstream=True)) == ["b", "d", "e"]


def test_no_target_means_dvc_yaml_and_what_it_needs():
    """Stages of another dvc.yaml come in only where one here needs them."""
    there = {
        "x/dvc.yaml:p": Stage("x/dvc.yaml:p", file="x/dvc.yaml"),
        "y/dvc.yaml:q": Stage("y/dvc.yaml:q", file="y/dvc.yaml"),
    }
    here = {"a": Stage("a", frozenset({"x/dvc.yaml:p"}))}
    assert list(dag.select({**there, **here})) == ["x/dvc.yaml:p", "a"]


def test_a_circle_is_named():
    with pytest.raises(Refused, match=r"in a circle: .*a.*b"):
        dag.order(graph(a="b", b="a"))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("report@shoe", ["report@shoe"]),
        ("report", ["report@shoe", "report@bag"]),
        ("out/report@bag", ["report@bag"]),
        ("./out/report@bag/page.html", ["report@bag"]),
        ("shoe", ["report@shoe"]),
        ("shoe-fast", ["fit@shoe-fast"]),
    ],
)
def test_targets(target, expected):
    """A word that is no stage means every matrix key that equals it."""
    g = graph(
        report_at_shoe="", report_at_bag="", **{"fit_at_shoe-fast": "", "fit_at_shoe-slow": "", "fit_at_shoelace": ""}
    )
    assert dag.resolve(g, target) == expected


def test_a_word_that_equals_no_matrix_key_means_those_that_go_on_after_a_dash():
    g = graph(**{"fit_at_shoe-fast": "", "fit_at_shoe-slow": "", "fit_at_shoelace": ""})
    assert dag.resolve(g, "shoe") == ["fit@shoe-fast", "fit@shoe-slow"]


def test_an_unknown_target_names_the_nearest():
    with pytest.raises(Refused, match=r"'reprot' is no stage.*Did you mean 'report'"):
        dag.resolve(graph(report_at_shoe=""), "reprot")


def test_a_stage_name_wins_over_a_matrix_key():
    assert dag.resolve(graph(shoe="", fit_at_shoe=""), "shoe") == ["shoe"]


def test_longest_path_counts_the_longest_chain_below():
    """a 1 ─> b 1 ─> d 5 ─> e 1 is 8; c 2 ─> d ─> e is 8; f 3 stands alone."""
    found = dag.longest_paths(six(), {"a": 1, "b": 1, "c": 2, "d": 5, "e": 1, "f": 3})
    assert found == {"a": 8, "b": 7, "c": 8, "d": 6, "e": 1, "f": 3}


def test_descendants_of_a_long_chain_need_no_recursion():
    chain = {str(i): Stage(str(i), frozenset({str(i - 1)} if i else ())) for i in range(5000)}
    assert len(dag.descendants(chain, ["0"])) == 5000
    assert dag.order(chain)[-1] == "4999"


@pytest.mark.parametrize("module", [dag, errors, lockfile, meta, process])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_every_complaint_about_meta_comes_at_once_with_the_nearest_key():
    g = {
        "a": Stage("a", meta={"timout": 3, "gpus": -1}),
        "b": Stage("b", meta=["x"]),
        "c": Stage("c", meta={"timeout": "10m", "memory": "2G", "mutex": "disk", "show": ["a.txt"]}),
    }
    with pytest.raises(Refused) as caught:
        meta.check(g)
    text = str(caught.value)
    assert "stage 'a': meta.timout is unknown" in text
    assert "Did you mean 'timeout'" in text
    assert "meta.gpus is -1; expected a whole number" in text
    assert "stage 'b': meta is ['x']" in text
    del g["a"], g["b"]
    assert meta.check(g)["c"] == meta.Meta(timeout=600.0, memory=2 * 2**30, mutex=("disk",), show=("a.txt",))
