"""What labels are worth: the statistics by hand, and what page, text and metrics say of them."""

from unittest.mock import Mock

import numpy as np
import pytest
from report_made_up import content

from tasks.report import budgets, page, results, summary
from tasks.report.verdict import judge
from tasks.report.worth import Curve, worth

LABELS = np.array([25.0, 50.0, 100.0, 200.0])
MEANS = np.array([0.6, 0.7, 0.8, 0.9])  # a tenth more with every doubling
WOBBLE = np.array([-0.01, 0.01, 0.0, 0.005, -0.005])  # of five repeats; its mean is 0


def curve(means=MEANS, wobble=0 * WOBBLE, test_variance=0.0):
    return Curve(LABELS, wobble[:, None] + means, np.full(len(LABELS), test_variance))


@pytest.mark.parametrize(
    ("accuracy", "labels"), [(0.7, 50.0), (0.75, 50 * 2**0.5), (0.85, 100 * 2**0.5), (0.625, 25 * 2**0.25)]
)
def test_labels_are_read_off_a_line_in_their_logarithm(accuracy: float, labels: float):
    found = worth(accuracy + WOBBLE, curve())
    assert found.about == pytest.approx(labels)
    assert found.above is None


def test_the_interval_is_where_the_paired_difference_may_be_nothing():
    """The mean of d has the half width t(4) · sd / √5, and a doubling adds a tenth: so many doublings on each side."""
    found = worth(0.75 + WOBBLE, curve())
    doublings = 2.776445 * WOBBLE.std(ddof=1) / 5**0.5 / 0.1
    assert found.low == pytest.approx(50 * 2 ** (0.5 - doublings), rel=0.001)
    assert found.high == pytest.approx(50 * 2 ** (0.5 + doublings), rel=0.001)


def test_what_method_and_control_share_in_a_repeat_does_not_widen_it():
    paired = worth(0.75 + WOBBLE, curve(wobble=WOBBLE))
    assert paired.about == pytest.approx(50 * 2**0.5)
    assert paired.high / paired.low < 1.001  # no spread is left
    unpaired = worth(0.75 + WOBBLE, curve(wobble=WOBBLE[::-1]))
    assert unpaired.high / unpaired.low > 1.08


def test_the_test_part_and_a_shared_pool_widen_it():
    plain, noisy = worth(0.75 + WOBBLE, curve()), worth(0.75 + WOBBLE, curve(test_variance=0.01**2))
    shared = worth(0.75 + WOBBLE, curve(), validation=50, pool=300)
    for wider in (noisy, shared):
        assert wider.low < plain.low
        assert wider.high > plain.high
        assert wider.about == plain.about


def test_an_end_beyond_what_was_tried_is_open():
    assert worth(0.899 + WOBBLE, curve()).high is None
    assert worth(0.899 + WOBBLE, curve()).low > 150
    assert worth(0.601 + WOBBLE, curve()).low is None
    assert worth(0.601 + WOBBLE, curve()).high < 35


@pytest.mark.parametrize(("accuracy", "above", "low", "high"), [(0.99, True, 200.0, None), (0.5, False, None, 25.0)])
def test_surely_beyond_the_curve_the_interval_begins_at_its_end(accuracy, above, low, high):
    found = worth(accuracy + WOBBLE, curve())
    assert (found.about, found.above, found.low, found.high) == (None, above, low, high)
    assert found.is_known


def test_above_the_curve_on_average_only_the_interval_reaches_into_it():
    found = worth(0.905 + WOBBLE, curve())
    assert (found.about, found.above, found.high) == (None, True, None)
    assert 150 < found.low < 200


def test_level_everywhere_says_nothing():
    found = worth(0.75 + 30 * WOBBLE, curve())
    assert (found.low, found.high) == (None, None)
    assert not found.is_known


def test_a_mean_curve_that_falls_is_made_monotone():
    """0.6, 0.8, 0.7, 0.9 become 0.6, 0.75, 0.75, 0.9: 0.75 is first reached at the second budget."""
    found = worth(0.75 + WOBBLE, curve(means=np.array([0.6, 0.8, 0.7, 0.9])))
    assert found.about == pytest.approx(50.0)
    assert found.low < 50 < 100 < found.high


def test_repeats_that_failed_anywhere_are_left_out_and_one_is_too_few():
    accuracy, failing = 0.75 + WOBBLE, curve()
    failing.accuracy[0, 1] = accuracy[1] = np.nan
    rest = Curve(LABELS, failing.accuracy[2:], failing.test_variance)
    assert worth(accuracy, failing) == worth(accuracy[2:], rest)
    accuracy[2:4] = np.nan
    assert worth(accuracy, failing) is None
    assert worth(0.7 + WOBBLE, Curve(LABELS[:1], failing.accuracy[:, :1], np.zeros(1))) is None


def test_the_interval_covers_the_truth_in_19_of_20_studies():
    """150 simulated studies: a true worth of 50 · √2 labels, and spread in method and control."""
    rng, truth = np.random.default_rng(1), 50 * 2**0.5
    found = [
        worth(0.75 + rng.normal(0, 0.01, 5), Curve(LABELS[1:3], MEANS[1:3] + rng.normal(0, 0.01, (5, 2)), np.zeros(2)))
        for _ in range(150)
    ]
    covered = np.mean([(one.low or 0) <= truth <= (one.high or np.inf) for one in found])
    assert 0.92 <= covered <= 0.98


# what is said


def made(fine: float = 0.85, wobble: float = 1.0, **changes):
    """An evaluation with curves of scratch-tuned (`MEANS`) and fine-tuning: 0.1 higher, ``fine`` with all 100."""
    shaken, own = wobble * WOBBLE, {"scratch-tuned": 0.8 + 0 * WOBBLE, "fine-tuning": fine + wobble * WOBBLE}
    means = {"scratch-tuned": MEANS[:, None] + 0 * WOBBLE, "fine-tuning": MEANS[:, None] + 0.1 + shaken}
    means["fine-tuning"][2] = own["fine-tuning"]
    data = content({"scratch": [0.5] * 5} | {name: values.tolist() for name, values in own.items()}) | {"labelled": 100}
    data["budgets"] = [
        {"method": method, "percent": int(labels), "labels": int(labels), "accuracy": row.tolist(),
         "test_variance": 0.0, "against": dict.fromkeys(own, 0.0)}
        for method in own
        for labels, row in zip(LABELS, means[method], strict=True)
    ]  # fmt: skip
    return results.parse(data | changes)


def said(found):
    return " ".join(budgets.said(found))


def test_a_worth_inside_the_range_is_told_with_its_interval_to_two_digits():
    assert said(made()) == (
        "Fine-tuning on 100 labels is worth about 140 labels of scratch-tuned (95 % interval 130 to 150)."
    )


def test_where_its_own_labels_are_in_the_interval_no_gain_is_shown():
    text = said(made(0.805))
    assert text.endswith("; its own 100 are in the interval, so no gain in labels is shown.")
    assert said(made(0.797)).endswith("so no loss in labels is shown.")
    assert "in the interval" not in said(made(0.75))


@pytest.mark.parametrize(
    ("fine", "wobble", "text"),
    [
        (0.97, 1, "Fine-tuning on 100 labels is worth more than 200 labels of scratch-tuned, the most tried."),
        (0.4, 1, "Fine-tuning on 100 labels is worth fewer than 25 labels of scratch-tuned, the fewest tried."),
        (0.75, 30, "How many labels of scratch-tuned fine-tuning on 100 labels is worth is not shown: nowhere from 25 "
                   "to 200 is their accuracy told apart."),
    ],
)  # fmt: skip
def test_nothing_is_claimed_beyond_what_was_tried(fine: float, wobble: float, text: str):
    assert said(made(fine, wobble)) == text


def test_ends_beyond_what_was_tried_are_open_in_words():
    on_average = "on average worth more than 200 labels of scratch-tuned, the most tried (95 % interval from 190)"
    assert on_average in said(made(0.905))
    assert "to more than 200)" in said(made(0.899))
    assert "(95 % interval fewer than 25 to 28)" in said(made(0.605))
    assert "fewer than 25 labels of scratch-tuned, the fewest tried (95 % interval up to 2" in said(made(0.595))


def test_text_metrics_and_page_say_the_same():
    found = made()
    judged = judge(found)
    text = summary.text(found, judged, "?", "x.html")
    assert "Labels    Fine-tuning on 100 labels is worth about 140 labels of" in text
    table = summary.metrics(found, judged)
    assert table["fine-tuning"]["worth-labels"] == pytest.approx(141.4)
    assert table["fine-tuning"]["worth-labels-low"] < 141.4 < table["fine-tuning"]["worth-labels-high"]
    assert said(found) in table["answer"]
    html = page.render(found, judged, "?", {"a": "b"})
    assert html.count('<section id="labels">') == html.count('href="#labels"') == 1
    assert 'aria-label="Accuracy over labelled samples: scratch-tuned 60.0 % on 25, 70.0 % on 50, 80.0 %' in html
    assert html.count('class="budget on"') == html.count('class="budget control"') == 1


def test_a_report_works_out_what_labels_are_worth_once_and_of_its_own_evaluation(monkeypatch):
    counted = Mock(wraps=worth)
    monkeypatch.setattr(budgets, "worth", counted)
    budgets.worths.cache_clear()
    for times, found in enumerate((made(), made(fine=0.9)), start=1):
        judged = judge(found)
        answer = summary.metrics(found, judged)["answer"]
        assert said(found) in answer
        assert said(found)[:50] in summary.text(found, judged, "?", "x.html")
        page.render(found, judged, "?", {})
        assert counted.call_count == times
    assert said(made()) != said(made(fine=0.9))


def test_the_table_has_every_point_with_rising_labels_and_its_interval():
    rows = list(budgets.rows(made()))
    assert [row[:2] for row in rows[:4]] == [["scratch-tuned", str(int(labels))] for labels in LABELS]
    half = 100 * 2.776445 * WOBBLE.std(ddof=1) / 5**0.5
    assert rows[4] == ["fine-tuning", "25", "70.00 ± 0.79", f"{70 - half:.2f} to {70 + half:.2f}"]
    assert rows[0][3] == "–"  # the same in every repeat


def test_without_curves_nothing_is_said_and_with_one_curve_nothing_is_compared():
    plain = made(budgets=[])
    judged = judge(plain)
    assert list(budgets.rows(plain)) == budgets.said(plain) == budgets.failures(plain) == []
    html = page.render(plain, judged, "?", {"a": "b"}) + summary.text(plain, judged, "?", "x.html")
    assert "abels are worth" not in html
    assert 'id="labels"' not in html
    assert not any("worth-labels" in one for one in summary.metrics(plain, judged).values())
    alone = made(budgets=[one.model_dump() for one in made().budgets if one.method == "fine-tuning"])
    assert budgets.said(alone) == []
    assert 'class="budget on"' in page.render(alone, judge(alone), "?", {"a": "b"})


def test_failed_repeats_of_a_budget_are_told_and_leave_no_gap_in_the_page():
    rows = [one.model_dump() for one in made().budgets]
    rows[0] |= {"accuracy": [None] * 5, "failed": {str(r): "loss is NaN" for r in range(5)}, "test_variance": None}
    found = made(budgets=rows)
    assert budgets.failures(found)[4] == ("scratch-tuned on 25 labels", 4, "loss is NaN")
    html = page.render(found, judge(found), "?", {"a": "b"})
    assert html.count("<td>loss is NaN</td>") == 5
    assert "nan" not in html.lower().replace("loss is nan", "")
