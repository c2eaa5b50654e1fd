"""What a model card says of results, use and limits."""

import json

import pytest

from tasks.verdicts import card

TUNED = [0.900, 0.905, 0.895, 0.902, 0.898]
FINE = [0.920, 0.930, 0.915, 0.925, 0.922]
WORSE = [0.820, 0.830, 0.815, 0.825, 0.822]


@pytest.fixture
def studied(folder):
    """An evaluation of `tables`, which params.yaml knows."""
    return folder(
        "now",
        tables={
            "scratch-tuned": TUNED,
            "fine-tuning": FINE,
            "fixed": WORSE,
            "lp-ft": [None] * 5,
            "fine-tuning-from-denoising": WORSE,
            "student-scratch": WORSE,
            "logits": FINE,
        },
    )


def said(folder, capsys, *paths: str) -> tuple[int, str]:
    code = card.main(card.parser().parse_args([str(folder), *paths]))
    return code, capsys.readouterr().out


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("fine-tuning", "accuracy 92.24 % (95 % interval 91.55 to 92.93); better than scratch-tuned: +2.24 points"),
        ("fixed", "worse than scratch-tuned: −7.76 points"),
        ("scratch-tuned", "accuracy 90.00 % (95 % interval 89.53 to 90.47); a control: it carries no knowledge over."),
        ("lp-ft", "every training failed, so it has no accuracy."),
    ],
)
def test_a_method_has_its_accuracy_and_its_standing_with_intervals(studied, capsys, method: str, words: str):
    code, text = said(studied, capsys, f"data/methods/tables/transfer/{method}")
    assert code == card.PRINTED
    assert words in text
    assert "On 1,000 test samples, means over 5 repeats: " in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Results",
        "## Intended use",
        "## Limits",
    ]
    assert "Does a network trained on 1,000 rows of a related question help" in text
    assert "shirt and sandal" in text


def test_a_source_model_lists_what_was_made_of_it_and_nothing_else(studied, capsys):
    lines = said(studied, capsys, "data/pretrain/tables/supervised")[1].splitlines()
    assert [line.partition(":")[0] for line in lines if ": accuracy" in line or "failed" in line] == [
        "- fine-tuning",
        "- fixed",
        "- lp-ft",
    ]
    text = said(studied, capsys, "data/pretrain/tables/denoising")[1]
    assert "- fine-tuning-from-denoising: accuracy 82.24 %" in text
    assert "- fine-tuning:" not in text
    assert "No method of this study" in said(studied, capsys, "data/pretrain/tables/greedy")[1]


def test_figures_of_the_smoke_size_are_called_so(studied, capsys):
    path = studied / "data" / "evaluate" / "tables" / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"size": "smoke"}))
    text = said(studied, capsys, "data/methods/tables/transfer/fine-tuning")[1]
    assert "Made at size `smoke`, to try the pipeline out: these figures mean nothing." in text


def test_an_interval_of_accuracies_ends_at_none_and_all(folder, capsys):
    wide = folder("wide", tables={"scratch-tuned": [0.5, 0.9]})
    assert "(95 % interval 0.00 to 100.00)" in said(wide, capsys, "data/methods/tables/transfer/scratch-tuned")[1]


@pytest.mark.parametrize("path", ["data/split/tables/test.npz", "data/methods/letters/transfer/fine-tuning"])
def test_what_is_no_model_of_an_evaluated_study_is_none_of_its_business(studied, capsys, path: str):
    assert said(studied, capsys, path) == (card.UNKNOWN, "")


def test_a_method_that_was_not_there_is_called_so(studied, capsys):
    code, text = said(studied, capsys, "data/methods/tables/transfer/l2-sp")
    assert (code, text) == (card.PRINTED, "l2-sp was not there when tables was evaluated.\n")
