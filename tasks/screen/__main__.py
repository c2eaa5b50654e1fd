"""Score a study's source models on its labelled target samples, without training.

In:   params.yaml   suites.<suite>.methods.pretrain
      data/split/<study>/target.npz, scaling.npz; data/pretrain/<study>/
Out:  data/screen/<study>/scores.json   {source model: {score: a number for each repeat, or None where it has none}}
Run:  dvc repro screen@tables           about 3 s
"""

from pathlib import Path

from scipy.special import softmax

from tasks.common import entry, params, samples, stages
from tasks.common.artifacts import write_json
from tasks.common.objectives import predict
from tasks.common.samples import Sample
from tasks.common.stages import Source
from tasks.models import surgery
from tasks.screen import OF_FEATURES, OF_PROBABILITIES

SCORES = Path("data/screen")


def main(study: str) -> None:
    """Write data/screen/STUDY/scores.json."""
    settings, targets = params.load(), samples.target(study)
    found = {}
    for name in settings.methods(study).pretrain:
        sources = stages.pretrained(study, name)
        rows = [scored(sources(repeat), target) for repeat, target in enumerate(targets)]
        found[name] = {score: [row[score] for row in rows] for score in rows[0]}
        print(f"{name}: " + ", ".join(f"{score} {value}" for score, value in _first(found[name])), flush=True)
    write_json(SCORES / study / "scores.json", found)


def scored(source: Source, target: Sample) -> dict[str, float | None]:
    """Every score of a source model on the target's training part; None for those of probabilities without classes."""
    x, y = target.train.x, target.train.y
    features = predict(surgery.features(source.model), x)
    probs = softmax(predict(source.model, x).astype(float), axis=1) if source.classes else None
    return {
        **{name: None if probs is None else score(probs, y) for name, score in OF_PROBABILITIES.items()},
        **{name: score(features, y) for name, score in OF_FEATURES.items()},
    }


def _first(scores: dict[str, list[float | None]]) -> list[tuple[str, str]]:
    return [(name, "none" if values[0] is None else f"{values[0]:.3f}") for name, values in scores.items()]


if __name__ == "__main__":
    entry.run(main)
