"""Good enough? Equal within the interval?"""

import pytest
from recorded import record

from tasks.common.errors import UserError
from tasks.verdicts import gate, same

TUNED = [0.900, 0.905, 0.895, 0.902, 0.898]
FINE = [0.920, 0.930, 0.915, 0.925, 0.922]
WORSE = [0.820, 0.830, 0.815, 0.825, 0.822]
NEAR = [0.899, 0.906, 0.896, 0.901, 0.899]


def pulled(folder, *least: str) -> int:
    return gate.main(gate.parser().parse_args([str(folder), *(word for one in least for word in ("--min", one))]))


@pytest.fixture
def studies(folder):
    return folder(
        "now",
        a={"scratch-tuned": TUNED, "fine-tuning": FINE, "fixed": NEAR, "feature-extraction": WORSE},
        b={"scratch-tuned": TUNED, "fine-tuning": NEAR, "fixed": [None] * 5},
    )


@pytest.mark.parametrize(
    ("least", "code"),
    [
        ("worse:fine-tuning", 0),
        ("not shown:fine-tuning", 0),
        ("not-shown:fine-tuning", 0),
        ("better:fine-tuning", 3),  # not in b
        ("worse:feature-extraction", 0),
        ("not-shown:feature-extraction", 3),
        ("worse:fixed", 3),  # in b every training failed: nothing is good enough for that
    ],
)
def test_worse_is_less_than_not_shown_is_less_than_better_in_every_study(studies, least: str, code: int):
    assert pulled(studies, least) == code


def test_it_names_what_was_found(studies, capsys):
    assert pulled(studies, "worse:fine-tuning", "better:feature-extraction") == 3
    said = capsys.readouterr().out
    assert "ok    a: fine-tuning is 'better' (+2.24 points over scratch-tuned" in said
    assert "ok    b: fine-tuning is 'not shown'" in said
    assert "FAIL  a: feature-extraction is 'worse' (−7.76 points" in said
    assert "feature-extraction is not run in b" in said
    pulled(studies, "worse:fixed")
    assert "FAIL  b: every training of fixed failed; asked: at least 'worse'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("least", "complaint"),
    [
        ("beter:fine-tuning", "Did you mean 'better'"),
        ("fine-tuning", "expected WORD:METHOD"),
        ("better:fine-tunning", "no study here has 'fine-tunning'.*Did you mean 'fine-tuning'"),
        (
            "better:scratch-tuned",
            "'scratch-tuned' gets no verdict here; these do: feature-extraction, fine-tuning, fixed",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_error(studies, least: str, complaint: str):
    with pytest.raises(UserError, match=complaint):
        pulled(studies, least)


def again(old, new) -> int:
    return same.main(same.parser().parse_args([str(old), str(new)]))


def test_inside_the_records_own_interval_is_equal(folder, capsys):
    old = folder("old", s={"scratch-tuned": TUNED, "fine-tuning": FINE})
    assert again(old, old) == 0
    new = folder("new", s={"scratch-tuned": TUNED[::-1], "fine-tuning": [value + 0.0005 for value in FINE]})
    capsys.readouterr()
    assert again(old, new) == 0
    assert capsys.readouterr().out == "accuracies moved by up to 0.05 points, words the same\n"


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            {"scratch-tuned": TUNED, "fine-tuning": [value + 0.01 for value in FINE]},
            "fine-tuning: accuracy 92.24 -> 93.24",
        ),
        ({"scratch-tuned": TUNED, "fine-tuning": [*FINE[:4], None]}, "fine-tuning: other trainings failed"),
        ({"scratch-tuned": TUNED, "fixed": FINE}, "other methods"),
        ({"scratch-tuned": TUNED[:4], "fine-tuning": FINE[:4]}, "5 -> 4 repeats"),
        ({"scratch-tuned": TUNED, "fine-tuning": [0.95, 0.88, 0.96, 0.88, 0.945]}, "'better' -> 'not shown'"),
    ],
)
def test_outside_of_it_says_where(folder, capsys, after, said: str):
    old = folder("old", s={"scratch-tuned": TUNED, "fine-tuning": FINE})
    assert again(old, folder("new", s=after)) == 3
    assert said in capsys.readouterr().out


def test_without_an_interval_only_the_same_is_equal(folder):
    old = folder("old", s={"scratch-tuned": [0.9], "fine-tuning": [0.92]})
    assert again(old, old) == 0
    assert again(old, folder("new", s={"scratch-tuned": [0.9], "fine-tuning": [0.9201]})) == 3


def test_a_reports_words_alone_can_be_judged_and_nothing_else(tmp_path, capsys):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    assert again(old, new) == 4
    record(old, "s", fine__tuning="better")
    record(new, "s", fine__tuning="better")
    assert again(old, new) == 0
    record(old, "t", fixed="worse")
    record(new, "t", fixed="not shown")
    assert again(old, new) == 3
    assert "t: fixed: 'worse' -> 'not shown'" in capsys.readouterr().out
