"""Open the test images, once, and say which methods tell classes that they were never shown.

In:   data/crossmodal/<task>/held-out.npz, data/crossmodal/<task>/methods/
Out:  data/crossmodal/<task>/results.json   every figure, with its intervals
      data/crossmodal/<task>/verdict.txt    what they say
      data/crossmodal/<task>/index.html     the same as one page, readable without a network
Run:  dvc repro crossmodal-report           about 30 s
"""

from pathlib import Path
from typing import Any

import numpy as np

from tasks.common import entry, outcomes, params, seeds
from tasks.common.artifacts import Arrays, read_npz, write_json, write_text
from tasks.common.errors import UserError
from tasks.common.samples import Array, Scaling
from tasks.common.schema.crossmodal import BASELINE, FLOOR
from tasks.crossmodal import bootstrap, descriptions, measure, page, towers, wording
from tasks.crossmodal.bootstrap import Answers, Draws
from tasks.crossmodal.seen import HOME

DRAWS = 2000


def answers(folder: Path, test: Arrays, splits: list[int], *, shuffled: bool) -> Answers:
    """What a method's models, or those of its control, get right on the test images."""
    everyone = np.arange(len(test["classes"]))
    among, every = [], []
    for split in splits:
        scaling = Scaling(test["shift"][split], test["scale"][split])
        texts = test["texts"][test["order"][split]] if shuffled else test["texts"]
        model = outcomes.load(folder, split, 0 if shuffled else None)
        scores = towers.scores(model, scaling(test["x"]), texts)
        among.append(measure.hits(scores, test["y"], test["held_out"][split]))
        every.append(measure.hits(scores, test["y"], everyone))
    return Answers(np.stack(among), np.stack(every))


def whole(folder: Path) -> list[int]:
    """The splits in which a method's trainings came to an end."""
    return [row["repeat"] for row in outcomes.read(folder)["repeats"] if row["failed"] is None]


def entry_of(found: Answers, test: Arrays, held_out: Array, draws: Draws, level: float) -> tuple[dict[str, Any], Any]:
    """Every figure of one method or control, and the resampled values that its intervals come from."""
    y, classes = test["y"], len(test["classes"])
    values = found.figures(y, classes, held_out)
    many = bootstrap.resampled(found, y, classes, held_out, draws)
    content: dict[str, Any] = {
        name: {
            "mean": float(values[name].mean()),
            "splits": values[name].tolist(),
            **{by: bootstrap.interval(many[name][by]) for by in ("images", "classes")},
        }
        for name in measure.FIGURES
    }
    content["zero_shot"]["joint"] = bootstrap.interval(many["zero_shot"]["classes"], level)
    of_class = measure.by_class(found.among, y, classes).T  # (classes, splits); NaN where a class is seen
    content["by_class"] = {
        str(name): float(np.nanmean(values)) if not np.isnan(values).all() else None  # None: held out in no split
        for name, values in zip(test["classes"], of_class, strict=True)
    }
    return content, many


def results(task: str, methods: list[str], test: Arrays, seed: int) -> dict[str, Any]:
    """The content of results.json, but what stands in params.yaml.

    A split in which any method failed is left out for all, so that methods stay paired.

    Raises:
        UserError: If no split is left.
    """
    homes = {method: HOME / task / "methods" / method for method in methods}
    alive = {method: whole(home) for method, home in homes.items()}
    splits = sorted(set.intersection(*map(set, alive.values())))
    if not splits:
        raise UserError(f"crossmodal {task}: in every split a method failed; lower its rates in params.yaml.")
    held_out = test["held_out"][splits]
    rng = seeds.generator(seed, "crossmodal", "bootstrap")
    draws = bootstrap.drawn(test["y"], len(test["classes"]), held_out, DRAWS, rng)
    compared = [method for method in methods if method != FLOOR]
    level = bootstrap.LEVEL / max(1, len(compared))  # Bonferroni: one false "better" in 20 tasks, not in 20 methods
    entries, many = {}, {}
    for method in methods:
        found = answers(homes[method], test, splits, shuffled=False)
        entries[method], many[method] = entry_of(found, test, held_out, draws, level)
        control = answers(homes[method], test, splits, shuffled=True)
        entries[method]["shuffled"] = entry_of(control, test, held_out, draws, level)[0]
        entries[method]["failed"] = len(test["held_out"]) - len(alive[method])
    for method in compared:
        if BASELINE in methods and method != BASELINE:
            gain = many[method]["zero_shot"]["classes"] - many[BASELINE]["zero_shot"]["classes"]
            entries[method]["gain"] = {
                "mean": entries[method]["zero_shot"]["mean"] - entries[BASELINE]["zero_shot"]["mean"],
                "joint": bootstrap.interval(gain, level),
            }
    return {
        "classes": test["classes"].tolist(),
        "held_out": held_out.tolist(),
        "chance": 1 / held_out.shape[1],
        "splits": len(splits),
        "left_out": len(test["held_out"]) - len(splits),
        "test_images": len(test["y"]),
        "alike": descriptions.alike(test["texts"]),
        "order": methods,
        "methods": entries,
    }


def main(task: str) -> None:
    """Write the results, the verdict and the page of one task."""
    settings = params.load()
    chosen = settings.crossmodal.task(task)
    found = results(task, settings.run.crossmodal.methods, read_npz(HOME / task / "held-out.npz"), settings.seed)
    found |= {"task": task, "size": settings.size, "question": chosen.question, "encoder": chosen.encoder}
    home = HOME / task
    write_json(home / "results.json", found)
    text = wording.verdict(found, str(home / "index.html"))
    write_text(home / "verdict.txt", text)
    write_text(home / "index.html", page.render(found, chosen))
    print(text, end="")


if __name__ == "__main__":
    entry.run(main)
