"""The page of a cross-modal task holds every figure of its results, and says what they show."""

import re
from typing import Any

from tasks.crossmodal import page, wording
from tasks.crossmodal.measure import FIGURES
from tests.tasks.crossmodal import planted


def figure(mean: float, width: float = 0.1) -> dict[str, Any]:
    """A figure with intervals that lie evenly around it, the narrower one over images."""
    intervals = {by: [mean - side, mean + side] for by, side in (("classes", width), ("images", width / 4))}
    return {"mean": mean, "joint": [mean - 1.2 * width, mean + 1.2 * width], **intervals}


def entry(*means: float) -> dict[str, Any]:
    """A method or control of these figures."""
    return dict(zip(FIGURES, map(figure, means), strict=True)) | {"by_class": {"hat": 0.71, "coat": 0.64, "shoe": None}}


def results(**changes: Any) -> dict[str, Any]:
    """Made-up results: eszsl is shown to be better than a guess, devise worse, and contrastive is not shown to be."""
    methods = {
        "chance": entry(0.48, 0.31, 0.32, 0.33),
        "eszsl": entry(0.812, 0.41, 0.42, 0.43),
        "devise": entry(0.352, 0.21, 0.22, 0.23) | {"gain": {"mean": -0.46, "joint": [-0.6, -0.3]}},
        "contrastive": entry(0.55, 0.51, 0.52, 0.53) | {"gain": {"mean": -0.262, "joint": [-0.4, -0.1]}},
    }
    for name, one in methods.items():
        one |= {"shuffled": entry(0.7 if name == "devise" else 0.513, 0, 0, 0), "failed": 0}
    return {
        "task": "toy",
        "question": "Is it so?",
        "encoder": "tf-idf",
        "size": "full",
        "classes": ["hat", "coat", "shoe"],
        "held_out": [[0, 1]] * 3,
        "chance": 0.5,
        "splits": 3,
        "left_out": 0,
        "test_images": 1234,
        "order": list(methods),
        "methods": methods,
    } | changes


def rows(text: str) -> list[tuple[str, list[str]]]:
    """(name, cells) of every row of every table, their text alone."""
    found = re.findall(r"<tr[^>]*>\s*<th scope=\"row\"[^>]*>(.*?)</th>(.*?)</tr>", text, flags=re.S)
    return [
        (name, [re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in re.findall(r"<td.*?>(.*?)</td>", rest, re.S)])
        for name, rest in found
    ]


def of(text: str, name: str) -> list[str]:
    """The cells of the first row of this name."""
    return next(cells for found, cells in rows(text) if found == name)


def test_each_methods_figures_and_intervals_are_in_its_row():
    text = page.render(results(), planted.task())
    assert of(text, "eszsl") == ["81.2", "71.2 to 91.2", "78.7 to 83.7", "51.3", "41.0", "42.0", "43.0"]
    assert of(text, "contrastive")[:2] == ["55.0", "45.0 to 65.0"]
    assert of(text, "a guess") == ["50.0", "–", "–", "–", "33.3", "33.3", "33.3"]
    assert [cells for name, cells in rows(text) if name == "eszsl"][1] == ["71", "64", "–"]
    assert of(text, "held_out") == ["2"]


def test_the_plot_has_each_method_over_a_guess_and_over_the_baseline_and_each_control():
    text = page.render(results(), planted.task())
    drawn = [cells[0].split(maxsplit=1) + cells[1:] for name, cells in rows(text) if len(cells) == 2]
    names = [name for name, cells in rows(text) if len(cells) == 2]
    assert names == [
        *(f"{name} over a guess" for name in ("chance", "eszsl", "devise", "contrastive")),
        *(f"{name} over eszsl" for name in ("devise", "contrastive")),
        *(f"{name}, shuffled" for name in ("chance", "eszsl", "devise", "contrastive")),
    ]
    assert drawn[1] == ["+31.20", "+19.20 to +43.20", "better"]
    words = ["floor", "better", "worse", "not shown", "worse", "worse", *["control"] * 4]
    assert [cells[-1] for cells in drawn] == words
    for word in words:
        assert f'class="bar {word.replace(" ", "-")}"' in text


def test_it_answers_and_says_what_is_odd():
    text = re.sub(r"</?span[^>]*>|\s+", " ", page.render(results(left_out=2, size="smoke"), planted.task()))
    plain = re.sub(r" +", " ", text).replace(" .", ".").replace(" ,", ",").replace(" :", ":")
    assert "eszsl tells 81.2 % of the images right among 2 classes that it was never shown" in plain
    assert "Better than a guess on classes never seen: eszsl. Worse than a guess: devise." in plain
    assert "Size smoke: these numbers mean nothing." in plain
    assert "2 splits are left out" in plain
    assert re.search(r"Careful: with shuffled descriptions devise is off", plain)
    assert not re.search(r"Careful: with shuffled descriptions eszsl", plain)


def test_a_method_stands_out_only_where_it_is_shown_to_be_better():
    leader = 'data-method="eszsl" class="leader"'
    assert leader in page.render(results(), planted.task())
    close = results()
    close["methods"]["eszsl"]["zero_shot"] = figure(0.56)
    text = page.render(close, planted.task())
    assert "leader" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S)


def test_the_floor_alone_is_no_answer():
    alone = results(order=["chance"], methods={"chance": results()["methods"]["chance"]})
    assert page.answer(alone) == "Nothing was run but chance, the floor."
    assert of(page.render(alone, planted.task()), "chance")[0] == "48.0"


def test_every_method_is_described():
    assert set(page.ABOUT) == set(planted.METHODS)
    assert wording.compared(results()) == ["eszsl", "devise", "contrastive"]
