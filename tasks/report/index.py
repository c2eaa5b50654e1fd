"""One page over all studies: methods by studies, and who wins where.

In:   data/evaluate/<study>/results.json   of the selected studies, those that are there
      data/shipped/<study>.json            of these, those that are there
Out:  data/report/index.html               links to the page of each study beside it
Run:  dvc repro index                      about 2 s
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from tasks.common import entry, params
from tasks.common.artifacts import write_text
from tasks.report import plots, results, shipped, simplest, templates, verdict
from tasks.report.forest import FAMILIES
from tasks.report.formats import NOTHING, interval, percent, points
from tasks.report.results import Results
from tasks.report.verdict import Verdict

EVALUATED, SHIPPED, PAGE = Path("data/evaluate"), Path("data/shipped"), Path("data/report/index.html")


@dataclass(frozen=True)
class Study:
    """One study as the index shows it.

    Attributes:
        word: ``better`` if a method wins, ``worse`` if all are worse than their controls, else ``not shown``.
        said: The short verdict, without that word.
        beside: The simplest method within noise of the best, if that is another.
        size: Of the run, where its figures mean nothing.
    """

    name: str
    question: str
    word: str
    said: str
    beside: str
    size: str
    results: Results
    verdict: Verdict


@dataclass(frozen=True)
class Cell:
    """A method in a study: ``kind`` is a word of a verdict, ``control``, or empty where it was not run."""

    kind: str
    text: str = ""
    tip: str = ""
    is_winner: bool = False


@dataclass(frozen=True)
class Ship:
    """A study's exported files: a figure, and the rows of `shipped.HEADER`."""

    name: str
    svg: Markup
    rows: list[list[str]]


def read(found: Results, question: str) -> Study:
    """What the index says of an evaluation."""
    judged = verdict.judge(found)
    word, said = brief(judged)
    plain = simplest.simplest(found, judged)
    beside = plain.name if plain and plain.name != plain.best else ""
    size = "" if found.size == "full" else found.size
    return Study(found.study, question, word, said, beside, size, found, judged)


def brief(judged: Verdict) -> tuple[str, str]:
    """A verdict's word, and the rest of it in a line."""
    name = judged.winner or judged.best
    if name is None or name not in judged.fair:
        return "not shown", "no fair comparison can be made"
    control, one = judged.fair[name]
    told = f"{points(one.mean)} points over {control}" if one.mean is not None else f"not comparable with {control}"
    if judged.winner:
        return "better", f"{name} wins, {told}"
    if len(judged.said("worse")) == len(judged.fair):
        return "worse", f"every method is worse than its control; the best, {name}, {told}"
    return "not shown", f"nothing is shown to help; the best on average, {name}, {told}"


def cell(study: Study, name: str) -> Cell:
    """A method's place in the table of one study."""
    mean = study.verdict.means.get(name, (None, None))[0]
    if name not in study.results.methods:
        return Cell("")
    if name not in study.verdict.fair:
        kind = "ceiling" if name in study.verdict.ceilings else "control"
        return Cell(kind, NOTHING, f"{name}, {kind}: {percent(mean)} %")
    control, one = study.verdict.fair[name]
    tip = f"{name}: {percent(mean)} %, {points(one.mean)} points over {control}"
    if one.interval:
        tip += f" ({interval(one.interval)})"
    return Cell(one.word or "not shown", points(one.mean, 1), f"{tip}, {one.word}", name == study.verdict.winner)


def rows(studies: list[Study]) -> dict[str, list[tuple[str, list[Cell], str]]]:
    """family: its methods, each with a cell a study and how often it is better and worse; best first."""
    families: dict[str, list[str]] = {}
    for study in studies:
        for name in study.results.order:
            names = families.setdefault(study.results.methods[name].family, [])
            if name not in names:
                names.append(name)
    aside = controls(studies) | {name for study in studies for name in study.verdict.ceilings}
    table = {}
    for family, names in families.items():
        cells = {name: [cell(study, name) for study in studies] for name in names}
        ranked = sorted(names, key=lambda name: (name in aside, _score(cells[name])))
        table[FAMILIES.get(family, family)] = [(name, cells[name], _tally(cells[name])) for name in ranked]
    return table


def controls(studies: list[Study]) -> set[str]:
    """Methods that carry nothing over in any study."""
    return {name for study in studies for name in study.verdict.controls}


def _score(cells: list[Cell]) -> tuple[int, int]:
    kinds = [one.kind for one in cells]
    return -kinds.count("better"), kinds.count("worse")


def _tally(cells: list[Cell]) -> str:
    """Such as ``2 better, 1 worse``; nothing for a control."""
    kinds = [one.kind for one in cells]
    counts = [(kinds.count(word), word) for word in ("better", "worse")]
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def ship(study: Study, files: shipped.Files) -> Ship | None:
    """What the index shows of a study's exported files; None where there are none."""
    found = shipped.trade(study.results, study.verdict, files)
    if found is None:
        return None
    return Ship(study.name, Markup(plots.trade(found, shipped.names(files))), shipped.rows(files, found))


def render(
    found: Mapping[str, Results], questions: Mapping[str, str], files: Mapping[str, shipped.Files] | None = None
) -> str:
    """The page, of evaluations by study in their order, and of the files exported from them."""
    studies = [read(one, questions.get(name, "")) for name, one in found.items()]
    names = {name for study in studies for name in study.results.order}
    counts = {word: sum(study.word == word for study in studies) for word in ("better", "not shown", "worse")}
    ships = [ship(study, (files or {}).get(name, {})) for name, study in zip(found, studies, strict=True)]
    return templates.render(
        "index.html.j2",
        names,
        studies=studies,
        table=rows(studies),
        counts=counts,
        controls=controls(studies),
        ships=[one for one in ships if one],
        columns=shipped.HEADER,
    )


def main() -> None:
    """Write the page over all selected studies that have been evaluated."""
    settings = params.load()
    paths = {name: EVALUATED / name / "results.json" for name in settings.run.studies}
    found = {name: results.read(path) for name, path in paths.items() if path.is_file()}
    measured = {name: SHIPPED / f"{name}.json" for name in found}
    files = {name: shipped.read(path) for name, path in measured.items() if path.is_file()}
    write_text(PAGE, render(found, {name: settings.studies[name].question for name in found}, files))


if __name__ == "__main__":
    entry.run(main)
