"""Did a verdict change, and is it more than noise? Held against definitions, and by simulation."""

import json

import numpy as np
import pytest
from recorded import record
from scipy import stats

from tasks.common.errors import UserError
from tasks.verdicts import compare
from tasks.verdicts.changes import changes
from tasks.verdicts.evaluations import find

TUNED = [0.900, 0.905, 0.895, 0.902, 0.898]
FINE = [0.920, 0.930, 0.915, 0.925, 0.922]


def one(folder, before, after, **rest):
    """{method: Change} of the study `s`."""
    old, new = (find(folder(name, s=values, **rest))["s"] for name, values in (("old", before), ("new", after)))
    return {change.method: change for change in changes(old, new)}


def test_the_change_of_a_difference_is_the_paired_t_interval_of_its_definition(folder):
    """mean_r[(m' - c') - (m - c)] ± t · sd / √n; without an overlap or test variance, a plain paired t test."""
    after = [0.930, 0.928, 0.931, 0.940, 0.933]
    found = one(folder, {"scratch-tuned": TUNED, "fine-tuning": FINE}, {"scratch-tuned": TUNED, "fine-tuning": after})
    values = np.array(after) - np.array(FINE)
    expected = stats.ttest_1samp(values, 0)
    change = found["fine-tuning"]
    assert change.by == pytest.approx(values.mean())
    assert change.interval == pytest.approx(tuple(expected.confidence_interval()))
    assert change.adjusted == pytest.approx(expected.pvalue)
    assert change.over == pytest.approx((np.mean(FINE) - np.mean(TUNED), np.mean(after) - np.mean(TUNED)))
    assert found["scratch-tuned"].is_same
    assert not change.is_same


def test_the_test_parts_of_both_make_it_wider(folder):
    """Two independent test parts: their variances add up."""
    values = {"scratch-tuned": TUNED, "fine-tuning": FINE}
    after = {"scratch-tuned": TUNED, "fine-tuning": [value + 0.01 for value in FINE]}  # the same change in each repeat
    change = one(folder, values, after, test_variance=0.004**2)["fine-tuning"]
    half = stats.norm.ppf(0.975) * np.sqrt(2) * 0.004
    assert change.interval == pytest.approx((0.01 - half, 0.01 + half))


def test_where_nothing_changed_there_is_nothing_to_say(folder):
    values = {"scratch-tuned": TUNED, "fine-tuning": FINE}
    found = one(folder, values, values, test_variance=1e-5)
    assert all(change.is_same and change.is_more_than_noise is False for change in found.values())


def test_a_better_control_takes_from_a_method_that_stayed(folder):
    found = one(
        folder,
        {"scratch-tuned": TUNED, "fine-tuning": FINE},
        {"scratch-tuned": [value + 0.05 + value / 100 for value in TUNED], "fine-tuning": FINE},
    )
    change = found["fine-tuning"]
    assert change.words == ("better", "worse")
    assert change.is_more_than_noise
    assert change.by == pytest.approx(-0.05 - np.mean(TUNED) / 100)


def test_holm_counts_the_methods_that_changed(folder):
    """Two that moved alike are corrected for two, those that stayed for none."""
    moved = [0.930, 0.928, 0.931, 0.940, 0.933]
    single = one(folder, {"scratch-tuned": TUNED, "fine-tuning": FINE, "fixed": FINE},
                 {"scratch-tuned": TUNED, "fine-tuning": moved, "fixed": FINE})  # fmt: skip
    p = single["fine-tuning"].adjusted
    old = find(folder("before", s={"scratch-tuned": TUNED, "fine-tuning": FINE, "fixed": FINE}))["s"]
    new = find(folder("after", s={"scratch-tuned": TUNED, "fine-tuning": moved, "fixed": moved}))["s"]
    assert {c.method: c.adjusted for c in changes(old, new)}["fixed"] == pytest.approx(2 * p)


def test_repeats_that_only_one_side_has_are_left_out(folder):
    """Three repeats before, five after: the change is that of the three."""
    after = [0.930, 0.928, 0.931, 0.1, 0.1]
    found = one(folder, {"scratch-tuned": TUNED[:3], "fine-tuning": FINE[:3]},
                {"scratch-tuned": TUNED, "fine-tuning": after})  # fmt: skip
    assert found["fine-tuning"].by == pytest.approx(np.mean(np.array(after[:3]) - FINE[:3]))


def test_a_failed_or_a_new_method_has_no_change(folder):
    found = one(folder, {"scratch-tuned": TUNED, "fine-tuning": [None] * 5},
                {"scratch-tuned": TUNED, "fine-tuning": FINE, "fixed": FINE})  # fmt: skip
    for name in ("fine-tuning", "fixed"):
        assert found[name].by is None
        assert found[name].is_more_than_noise is None
        assert found[name].accuracy[0] is None


def test_runs_that_differ_by_chance_alone_are_rarely_called_more_than_noise(folder):
    """Under no change, 5 % of 500, within three standard errors."""
    from tasks.report import results, verdict
    from tasks.verdicts.evaluations import Evaluation

    rng = np.random.default_rng(5)
    called = 0
    template = find(folder("t", s={"scratch-tuned": TUNED, "fine-tuning": FINE}))["s"].results.model_dump()
    for _ in range(500):
        sides = []
        for _ in range(2):
            for name, level in (("scratch-tuned", 0.90), ("fine-tuning", 0.92)):
                for repeat, value in zip(template["methods"][name]["repeats"], rng.normal(level, 0.01, 5), strict=True):
                    repeat["accuracy"] = float(value)
            parsed = results.parse(template)
            sides.append(Evaluation(parsed, verdict.judge(parsed), {}))
        called += bool({c.method: c for c in changes(*sides)}["fine-tuning"].is_more_than_noise)
    assert called / 500 == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 500))


def run(capsys, old, new, *more: str) -> str:
    given = compare.parser().parse_args([str(old), str(new), "--from", "v1", "--to", "v2", *more])
    assert compare.main(given) == 0
    return capsys.readouterr().out


def test_the_words_come_first_and_what_stayed_is_counted(folder, capsys):
    far = [value - 0.1 + i / 1000 for i, value in enumerate(FINE)]
    old = folder("old", s={"scratch-tuned": TUNED, "fine-tuning": FINE, "fixed": FINE}, gone={"scratch": TUNED})
    new = folder("new", s={"scratch-tuned": TUNED, "fine-tuning": far, "fixed": FINE})
    record(old, "s", fine__tuning="not shown", fixed="better")
    lines = run(capsys, old, new).splitlines()
    assert "gone: only in v1" in lines
    start = lines.index("s: more than noise: fine-tuning")
    assert lines[start + 1] == "  fine-tuning: better -> worse"
    assert lines[start + 2] == "  v1 records fine-tuning as 'not shown'; by the rules of today it is 'better'"
    assert lines[start + 4].split()[:4] == ["fine-tuning", "92.24", "->", "82.44"]
    assert lines[-1] == "  2 methods as before"
    assert "s: nothing changed" in run(capsys, new, new)


def test_the_json_has_shares_and_says_what_was_asked_otherwise(folder, capsys):
    old = folder("old", s={"scratch-tuned": TUNED[:4], "fine-tuning": FINE[:4]})
    new = folder("new", s={"scratch-tuned": TUNED, "fine-tuning": FINE})
    facts = json.loads(run(capsys, old, new, "--json"))["s"]
    assert facts["asked"] == {"repeats": [4, 5]}
    assert facts["methods"]["fine-tuning"]["by"] == 0
    assert facts["methods"]["fine-tuning"]["words"] == ["better", "better"]


def test_results_of_another_time_that_cannot_be_read_say_whose_they_are(folder):
    old = folder("old", s={"scratch": TUNED})
    new = folder("new", s={"scratch": TUNED})
    (old / "data" / "evaluate" / "s" / "results.json").write_text("{}")
    with pytest.raises(UserError, match=r"v1/data/evaluate/s/results.json is not an evaluation"):
        compare.main(compare.parser().parse_args([str(old), str(new), "--from", "v1", "--to", "v2"]))
