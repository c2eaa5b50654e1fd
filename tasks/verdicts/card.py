"""What a model card says of a model's results, what it is for, and its limits.

In:   a folder with data/evaluate/<study>/results.json; paths of the form data/pretrain/<study>/<method> or
      data/methods/<study>/<family>/<method>; params.yaml of today for the study's question
Run:  python -m tasks.verdicts.card FOLDER PATH...    code 0: printed; 4: nothing here that it knows
"""

import argparse
from pathlib import Path, PurePosixPath

from tasks.common import params
from tasks.common.intervals import of_mean
from tasks.report.formats import counted, interval, listed, percent, points
from tasks.report.results import Results
from tasks.report.verdict import Verdict
from tasks.verdicts import command
from tasks.verdicts.evaluations import Evaluation, find

PRINTED, UNKNOWN = 0, 4


def place(path: str) -> tuple[str, str, str] | None:
    """Family, study and method that an output belongs to; None if it is no model.

    >>> place("data/methods/tables/transfer/fine-tuning"), place("data/split/tables/test.npz")
    (('transfer', 'tables', 'fine-tuning'), None)
    """
    match PurePosixPath(path).parts:
        case ("data", "methods", study, family, method):
            return family, study, method
        case ("data", "pretrain", study, method):
            return "pretrain", study, method
    return None


def accuracy(results: Results, method: str) -> str:
    """Mean accuracy over the repeats, with its interval as far as accuracies go."""
    found = of_mean(results.measure(method, "accuracy"), share=results.share)
    if found.mean is None:
        return "every training failed, so it has no accuracy"
    if found.interval is None:
        return f"accuracy {percent(found.mean)} %"
    low, high = found.interval
    return f"accuracy {percent(found.mean)} % (95 % interval {interval((max(low, 0.0), min(high, 1.0)), sign=False)})"


def standing(verdict: Verdict, method: str) -> str:
    """How the method compares with its fair control, or why it has no word."""
    if method in verdict.fair:
        control, one = verdict.fair[method]
        if one.mean is None:
            return ""
        word = {"better": "better than", "worse": "worse than"}.get(one.word or "", "not shown to differ from")
        return f"{word} {control}: {points(one.mean)} points (95 % interval {interval(one.interval)})"
    if method in verdict.controls:
        return "a control: it carries no knowledge over"
    if method in verdict.ceilings:
        return "a ceiling: it was given labels that the others do without"
    return "its control was not run, so there is no word on it"


def results(family: str, method: str, one: Evaluation) -> list[str]:
    """The lines of the section on results."""
    found = one.results
    measured = f"{counted(found.test_size, 'test sample')}, means over {counted(found.repeats, 'repeat')}"
    if family != "pretrain":
        return [f"On {measured}: {'; '.join(filter(None, (accuracy(found, method), standing(one.verdict, method))))}."]
    starts = [
        name
        for name, entry in found.methods.items()
        if entry.family == "transfer" and entry.uses_source and entry.source == method
    ]
    if not starts:
        return ["No method of this study that was evaluated starts from it."]
    head = f"A source model answers the source's question. What was made of it for the target, on {measured}:"
    lines = [f"- {name}: {accuracy(found, name)}; {standing(one.verdict, name)}." for name in starts]
    return [head, "", *lines]


def text(path: str, family: str, method: str, question: str, one: Evaluation) -> str:
    """Three sections in markdown: results, use, limits."""
    found, study = one.results, one.results.study
    classes = found.classes if len(found.classes) <= 12 else [f"{len(found.classes)} classes"]
    lines = ["## Results", "", *results(family, method, one)]
    if found.size != "full":
        lines += ["", f"Made at size `{found.size}`, to try the pipeline out: these figures mean nothing."]
    lines += ["", "## Intended use", "", f"Part of the study `{study}`: {question}", ""]
    if family == "pretrain":
        lines.append("To start a training from where few samples of a related question have labels.")
    else:
        lines.append(f"To tell {listed(classes)} apart, and to be compared with the study's other methods.")
    lines += [
        "",
        f"`tasks.common.outcomes.load(Path('{path}'), repeat=0)` gives the Keras model of the first repeat; it takes "
        f"inputs that `Scaling.load('{study}')` of `tasks.common.samples` has scaled, and answers with logits.",
    ]
    lines += ["", "## Limits", ""]
    if family == "adapt" and method not in one.verdict.ceilings:
        lines.append("- Trained and chosen without labels of the target.")
    elif family not in ("pretrain", "adapt"):
        labelled = f"{counted(found.labelled, 'labelled sample')}, and {found.validation:,} to choose by"
        lines.append(f"- Trained with {labelled}; another draw of them gives another model, hence the interval.")
    if family != "pretrain":
        lines.append("- One model a repeat: samples of what the method gives, no ensemble, and none of them picked.")
    lines += [
        "- Measured on samples of the same kind as it was trained on. Nothing is known of others: other sources, other "
        "classes, data that drift, or people who mean harm.",
        "- Not examined for fairness or safety. Not meant for decisions about people.",
    ]
    return "\n".join(lines)


def main(given: argparse.Namespace) -> int:
    """Print the sections for each path that is a model of an evaluated study."""
    studies, settings = find(Path(given.folder)), params.load()
    known = [(path, *found) for path in given.paths if (found := place(path)) and found[1] in studies]
    for path, family, study, method in known:
        if family == "pretrain" or method in studies[study].results.methods:
            print(text(path, family, method, settings.studies[study].question, studies[study]))
        else:
            print(f"{method} was not there when {study} was evaluated.")
    return PRINTED if known else UNKNOWN


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tasks.verdicts.card", description=__doc__)
    made.add_argument("folder")
    made.add_argument("paths", nargs="+", metavar="PATH")
    return made


if __name__ == "__main__":
    command.run(parser(), main)
