"""Few-shot tasks: classes nobody trained on, told apart by a few labelled samples of each."""

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from tasks.common.errors import unknown
from tasks.common.schema.base import Count, Named, Nothing, Rate, Section, Share, Training, Weight, method_name
from tasks.common.schema.study import Convolutional, Dense
from tasks.common.schema.tasks import Tasks, TasksRun, complaints_of_names

Ways = Annotated[int, Field(ge=2, description="classes of an episode")]


class Task(Section):
    """N-way K-shot: an episode has ``ways`` classes, each with ``shots`` labelled samples and ``queries`` to tell.

    ``validation`` names groups of classes of the base data set, such as alphabets, that nothing is trained on: by
    episodes of them an epoch is chosen. A class ``Greek/character01`` is of the group ``Greek``; one without a slash is
    a group of its own. With ``rotations`` each class to train on is four, turned by quarters.
    """

    question: Annotated[str, Field(min_length=1)]
    validation: Annotated[list[str], Field(min_length=1)]
    rotations: bool = False
    ways: Ways
    shots: Count
    queries: Annotated[int, Field(gt=0, description="of each class")]
    validation_episodes: Count
    novel_episodes: Annotated[int, Field(ge=2, description="the same for all methods and repeats")]
    repeats: Annotated[int, Field(gt=0, description="trainings of each method; the size may allow fewer")]
    network: Annotated[Dense | Convolutional, Field(discriminator="kind")]


class Episodic(Training):
    """Training by episodes: ``batch`` is the classes of an episode; in an epoch each class is in one of them."""

    batch: Ways
    queries: Annotated[int, Field(gt=0, description="of each class; the task has the shots")]


class Matching(Episodic):
    scale: Annotated[float, Field(gt=0, description="of the cosines in the softmax; 1 is the paper's")]


class Head(Section):
    """Gradient descent of a linear classifier on an episode's support."""

    steps: Annotated[int, Field(ge=0)]
    rate: Annotated[Rate, Field(description="over the mean squared length of the features, so that it fits any")]
    momentum: Share
    decay: Annotated[Weight, Field(description="of half the squared weights in the loss")]


class FineTuned(Training):
    """An ordinary training over all base classes, then a new head an episode."""

    head: Head


class Methods(Named):
    nearest: Nothing
    prototypes: Episodic
    matching: Matching
    fine_tuned: FineTuned


class FewShot(Tasks[Task, Methods]):
    """The block ``fewshot`` of params.yaml."""


METHODS = tuple(method_name(name) for name in Methods.model_fields)
FLOOR = "nearest"


class Pools(Section):
    """The data sets that a task's classes come from."""

    base: str
    novel: str


class FewShotRun(TasksRun[Pools]):
    """The block ``run.fewshot``."""


def complaints(run: FewShotRun, block: FewShot, datasets: Collection[str]) -> Iterator[str]:
    """What is wrong together in ``run.fewshot`` and ``fewshot``; ``datasets`` are those that are run."""
    for name, pools in run.tasks.items():
        if name not in block.tasks:
            yield unknown("run.fewshot.tasks", name, block.tasks)
        for side, dataset in (("base", pools.base), ("novel", pools.novel)):
            if dataset not in datasets:
                yield unknown(f"run.fewshot.tasks.{name}.{side}", dataset, datasets)
    yield from complaints_of_names("run.fewshot", run, METHODS)
    if FLOOR not in run.methods:
        yield f"run.fewshot.methods leaves out '{FLOOR}', the floor that any training has to beat; add it."
