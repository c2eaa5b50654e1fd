"""Distillation without another network: each generation of the student teaches the next, its twin."""

from dataclasses import replace

from tasks.common import scratch, seeds
from tasks.common.objectives import plain, predict
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import BornAgain
from tasks.common.schema.study import Network
from tasks.distill.logits import Objective
from tasks.distill.teaching import Lesson


def run(sample: Sample, lesson: Lesson, network: Network, settings: BornAgain, seed: int) -> Trained | Failed:
    """The last of ``generations`` + 1 students: the first learns from labels, each other from its parent's logits too.

    Every generation starts from weights of its own. The last has those of `student-scratch`, whose bits it is with
    no generations or with weight 0; with one generation it is `logits` taught by the first. The lesson is not
    looked at. What a parent says of the training part is computed once, before its child trains. Earlier
    generations come along as variants; the paper's ensemble of them is another network, and left out.

    Source: "Born-Again Neural Networks", arXiv:1805.04770, section 3. There labels and parent count the same, at
    temperature 1, and all generations train at one given rate; here each searches.
    """
    family: list[Trained] = []
    for number in range(settings.generations + 1):
        own = seed if number == settings.generations else seeds.derive(seed, "generation", number)
        if family:
            objective, says = (
                Objective(settings.temperature, settings.weight),
                predict(family[-1].model, sample.train.x),
            )
            child = scratch.train(sample, network, settings, own, objective=objective, extra={"teacher": says})
        else:
            child = scratch.train(sample, network, settings, own, objective=plain)
        if isinstance(child, Failed):
            return Failed(f"generation {number}: {child.reason}")
        family.append(child)
    return replace(
        family[-1],
        trainings=sum(one.trainings for one in family),
        variants={f"generation {number}": one.model for number, one in enumerate(family[:-1])},
        notes={"validation_accuracy": [one.course.validation_accuracy for one in family]},
    )
