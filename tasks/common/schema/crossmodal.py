"""Cross-modal tasks: images are matched with descriptions of classes, also of classes without any training image."""

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import Field

from tasks.common.errors import unknown
from tasks.common.schema.base import Count, Named, Nothing, Section, Training, Weight, method_name
from tasks.common.schema.study import Convolutional, Dense, Scaling
from tasks.common.schema.tasks import Tasks, TasksRun, complaints_of_names

Encoder = Literal["tf-idf", "glove", "minilm"]


class Task(Section):
    """In each repeat the classes are cut anew into groups of ``held_out``; each group is held out once.

    ``labelled``, ``validation`` and ``test`` are images of a class: of each seen class to train on and to choose by,
    and of each class to test with (at most; all of them where there are fewer).
    """

    question: Annotated[str, Field(min_length=1)]
    descriptions: Annotated[str, Field(description="a block of tasks/crossmodal/descriptions.yaml")]
    encoder: Annotated[Encoder, Field(description="what makes vectors of the descriptions")]
    held_out: Annotated[int, Field(ge=2, description="classes of a split that nothing is trained on")]
    labelled: Count
    validation: Count
    test: Count
    scaling: Annotated[Scaling, Field(description="of the images, fitted on the seen classes' training part")]
    network: Annotated[Dense | Convolutional, Field(discriminator="kind", description="of the images")]


class Eszsl(Section):
    image_ridge: Annotated[float, Field(gt=0, description="γ, over the mean eigenvalue of the images' XᵀX")]
    text_ridge: Annotated[float, Field(gt=0, description="λ; descriptions have length 1")]


class Devise(Training):
    margin: Annotated[Weight, Field(description="by which the right description must win, of descriptions of length 1")]


class Contrastive(Training):
    temperature: Annotated[float, Field(gt=0, description="of the cosines, dimensionless")]
    width: Annotated[Count, Field(description="of the space that images and descriptions share")]


class Methods(Named):
    chance: Nothing
    eszsl: Eszsl
    devise: Devise
    contrastive: Contrastive


class CrossModal(Tasks[Task, Methods]):
    """The block ``crossmodal`` of params.yaml."""


METHODS = tuple(method_name(name) for name in Methods.model_fields)
FLOOR, BASELINE = "chance", "eszsl"
DESCRIPTIONS = "tasks/crossmodal/descriptions.yaml"


class Inputs(Section):
    """The data set of a task's images, and the file that its descriptions' vectors come from.

    ``texts`` is the raw data set of kind ``weights`` that the encoder needs; tf-idf needs the descriptions alone.
    """

    images: str
    texts: str


class CrossModalRun(TasksRun[Inputs]):
    """The block ``run.crossmodal``."""


def complaints(
    run: CrossModalRun, block: CrossModal, datasets: Collection[str], weights: Collection[str]
) -> Iterator[str]:
    """What is wrong together in ``run.crossmodal``; ``datasets`` and ``weights`` are those that are run."""
    for name, inputs in run.tasks.items():
        place = f"run.crossmodal.tasks.{name}"
        if name not in block.tasks:
            yield unknown("run.crossmodal.tasks", name, block.tasks)
            continue
        if inputs.images not in datasets:
            yield unknown(f"{place}.images", inputs.images, datasets)
        encoder = block.tasks[name].encoder
        raw = [f"data/raw/{name}.npz" for name in weights]
        if encoder == "tf-idf" and inputs.texts != DESCRIPTIONS:
            yield f"{place}.texts is '{inputs.texts}'; tf-idf needs no more than the descriptions: {DESCRIPTIONS}."
        if encoder != "tf-idf" and inputs.texts not in raw:
            yield f"{place}.texts is '{inputs.texts}'; {encoder} needs its weights, of: {', '.join(raw)}."
    yield from complaints_of_names("run.crossmodal", run, METHODS)
