"""What results.json holds, as frozen, typed records. Accuracies are shares from 0 to 1, log loss is in nats."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """Keys that a later evaluation adds are ignored, so an old report still reads them."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Parameters(Record):
    trained: int
    total: int


class Chosen(Record):
    rate: float | None = None
    epoch: int | None = None


class Choice(Record):
    """A candidate and its accuracy on the test part."""

    candidate: str
    accuracy: float


class Choices(Record):
    """Of one repeat of an adaptation method, see `tasks.evaluate.choices`."""

    own: str
    criteria: dict[str, Choice]
    oracle: Choice
    candidates: int
    collapsed: int
    chosen_collapsed: bool


class Repeat(Record):
    """One trained model on the test part; a failed one says why and has no measures."""

    repeat: int
    failed: str | None = None
    accuracy: float | None = None
    macro_f1: float | None = None
    log_loss: float | None = None
    calibration_error: float | None = None
    confusion: list[list[int]] | None = None
    chosen: Chosen | None = None
    choices: Choices | None = None
    validation_accuracy: float | None = None


class Point(Record):
    """One epoch of the chosen training of one repeat."""

    repeat: int
    epoch: int
    phase: str = ""
    loss: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None


class Bin(Record):
    """Test samples whose confidence lies in one tenth, see `tasks.evaluate.calibration`; all from 0 to 1."""

    share: float
    confidence: float
    accuracy: float


class Image(Record):
    """Raw pixels, one byte each, in base64."""

    shape: list[int]
    pixels: str


class Hard(Record):
    """A test sample that many models get wrong, see `tasks.evaluate.hardest`."""

    sample: int
    label: str
    wrong: float
    taken_for: str
    image: Image | None = None
    values: list[float] | None = None


class Multitask(Record):
    """Of a method that learns the auxiliary quantities too, see `tasks.evaluate.multitask`; lists go by repeat.

    The error is in squared standard deviations, ``delta_p`` a share; the control has none of it.
    """

    auxiliary_error: list[float | None]
    delta_p: list[float | None] | None = None
    delta_p_mean: float | None = None
    delta_p_interval: tuple[float, float] | None = None


class Budget(Record):
    """A method trained with another number of labels, see `tasks.evaluate.budgets`; lists go by repeat."""

    method: str
    percent: int
    labels: int
    accuracy: list[float | None]
    failed: dict[str, str] = {}
    test_variance: float | None = None
    against: dict[str, float | None] = {}


class Method(Record):
    family: str
    control: str | None = None
    uses_source: bool
    source: str | None = None  # the source model it starts from
    ceiling: bool = False  # it is given what the others do without, and is no candidate
    parameters: Parameters
    multiply_adds: int | None = None  # of one prediction
    samples_seen: float | None = None  # by all trainings of a repeat
    trainings: int
    test_variance: dict[str, float | None]  # other method: see `tasks.evaluate.test_variance`
    epochs: int
    settings: dict[str, Any] = {}
    repeats: list[Repeat]
    curves: list[Point] = []
    multitask: Multitask | None = None
    reliability: list[Bin] = []
