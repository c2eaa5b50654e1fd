"""Turn an evaluation into a verdict that a person can decide from.

In:   data/evaluate/<study>/results.json   measures of every method and repeat, see tasks/report/results.py
      data/screen/<study>/scores.json      what the source models were worth without training
Out:  data/report/<study>/index.html       one page, readable without a network
      data/report/<study>/verdict.json     numbers and words a method, for `dvc metrics show` and `diff`
      data/report/<study>/verdict.txt      the same as plain text
Run:  dvc repro report@tables             about 3 s
"""

from pathlib import Path

from tasks.common import entry, params
from tasks.common.artifacts import write_json, write_text
from tasks.common.errors import UserError, nearest
from tasks.report import page, results, screening, summary, verdict


def main(study: str) -> None:
    """Write the page, the metrics and the plain text of one study."""
    settings = params.load()
    if study not in settings.studies:
        known = settings.studies
        raise UserError(f"study is '{study}'; params.yaml has: {', '.join(sorted(known))}.{nearest(study, known)}")
    question = settings.studies[study].question
    # Only what dvc.yaml names for this stage: what else is shown would go stale unseen.
    own = settings.studies[study].model_dump(exclude={"question"})
    shown = page.flat(own | {"seed": settings.seed, "runtime": settings.runtime.model_dump()})
    found = results.read(Path("data/evaluate") / study / "results.json")
    scores = screening.read(Path("data/screen") / study / "scores.json")
    judged = verdict.judge(found)
    folder = Path("data/report") / study
    write_text(folder / "index.html", page.render(found, judged, question, shown, scores))
    write_json(folder / "verdict.json", summary.metrics(found, judged))
    write_text(folder / "verdict.txt", summary.text(found, judged, question, str(folder / "index.html")))


if __name__ == "__main__":
    entry.run(main)
