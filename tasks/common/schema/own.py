"""Data sets that a person brings. `run.files` names the file or folder of each; nothing here is guessed any more."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from tasks.common.backbones import BACKBONES
from tasks.common.errors import nearest
from tasks.common.schema.base import Count, Section

Names = Annotated[list[str], Field(min_length=2)]
TestShare = Annotated[float, Field(gt=0, lt=1, description="of the samples, drawn by lot; of each class as many")]
MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None"]


def _refuse(text: str) -> PydanticCustomError:
    # The text may hold a brace of a column's name: it is a value of the template, not the template.
    return PydanticCustomError("own", "{text}", {"text": text})


class Where(Section):
    """The rows that have one of ``values`` in ``column``."""

    column: str
    values: Annotated[list[str], Field(min_length=1)]


class Own(Section):
    """What all of them have. ``outside`` allows a path that leads out of the project's folder."""

    outside: bool = False
    test: TestShare | Where = 0.25
    classes: Names | None = None

    @property
    def names(self) -> list[str]:
        """Names of the classes, in label order."""
        return self.classes or []

    @model_validator(mode="after")
    def _each_class_once(self) -> Self:
        twice = [name for name, count in Counter(self.classes).items() if count > 1]
        if twice:
            raise _refuse(f"classes names {', '.join(twice)} more than once")
        return self


class OwnTable(Own):
    """A CSV or Parquet file. Every column stands in one list; one that stands in none is an error.

    The label is ``target``: words among ``classes``, or a number cut into ``bins`` classes of about the same size (by
    the training part's quantiles), or at ``edges``.
    """

    kind: Literal["own-table"]
    target: str
    bins: Annotated[int, Field(ge=2, le=20)] | None = None
    edges: Annotated[list[float], Field(min_length=1)] | None = None
    numbers: list[str] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list)
    dates: Annotated[list[str], Field(description="YYYY-MM-DD, with or without a time; days since 1970")] = Field(
        default_factory=list
    )
    texts: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list)
    auxiliary: Annotated[list[str], Field(description="numbers that are predicted too, not inputs")] = Field(
        default_factory=list
    )
    group: Annotated[str | None, Field(description="rows that share its value stay on one side of the test part")] = (
        None
    )
    where: Where | None = None
    missing: list[str] = Field(default_factory=lambda: list(MISSING))
    separator: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"

    @property
    def names(self) -> list[str]:
        """Names of the classes, in label order; those of a cut number say which cut."""
        if self.classes:
            return self.classes
        count = len(self.edges) + 1 if self.edges else self.bins or 0
        return [f"{self.target} {number} of {count}" for number in range(1, count + 1)]

    @property
    def features(self) -> list[str]:
        """The columns that a network sees, by their lists."""
        return [*self.numbers, *self.dates, *self.categories, *self.texts]

    @property
    def special(self) -> list[str]:
        """Columns with a meaning of their own, which may not be inputs."""
        columns = [self.target, self.group, self.where and self.where.column]
        columns += [self.test.column] if isinstance(self.test, Where) else []
        return [column for column in columns if column]

    @model_validator(mode="after")
    def _one_meaning_each(self) -> Self:
        listed = [*self.features, *self.ignored, *self.auxiliary]
        twice = [name for name, count in Counter(listed).items() if count > 1]
        if twice:
            raise _refuse(f"column '{twice[0]}' stands in two of its lists; leave it in one")
        if self.target in self.features:
            raise _refuse(
                f"column '{self.target}' is the target and an input, so a network would be told the answer; "
                "take it out of the lists"
            )
        inputs = [name for name in self.special if name in self.features]
        if inputs:
            raise _refuse(f"column '{inputs[0]}' is an input and in group, where or test; take it out of one")
        if not self.features:
            raise _refuse("no column is an input; name some under numbers, categories, dates or texts")
        if [self.classes, self.bins, self.edges].count(None) != 2:
            raise _refuse("the label needs one of classes, bins and edges, and no more than one")
        if self.edges and any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise _refuse(f"edges is {self.edges}; expected ascending numbers")
        if self.separator == self.decimal:
            raise _refuse(f"separator and decimal are both '{self.decimal}'")
        return self


class _Named(Own):
    """Kinds whose test part is a share, or came with them; their classes must be named."""

    classes: Names
    test: TestShare | Literal["given"] = 0.25  # type: ignore[assignment]


class OwnArrays(_Named):
    """A .npz file. Arrays ``x`` and ``y``; with ``test: given`` also ``x_test`` and ``y_test``."""

    kind: Literal["own-arrays"]
    images: Annotated[bool, Field(description="x (n, height, width[, channels]) uint8, not rows of numbers")]
    x: str = "x"
    y: str = "y"
    x_test: str = "x_test"
    y_test: str = "y_test"


class OwnImages(_Named):
    """A folder with a folder of images for each class; with ``test: given``, folders train and test of such folders.

    Each image is cut to a square around its centre and brought to ``side`` × ``side`` pixels.
    """

    kind: Literal["own-images"]
    side: Annotated[int, Field(ge=4, le=512)] = 32
    colour: bool = True


class OwnText(_Named):
    """A text file with a label and a text on every line, parted by a tab; or ``__label__NAME text``.

    With ``tokens: none`` a text is a bag of words, which `split` makes a row of numbers of. With ``pieces`` or
    ``words`` it is the numbers of its first ``length`` word pieces, as MiniLM has them, or of its words, the most
    frequent ``words`` of GloVe's: for networks of kind transformer and embedding.
    """

    kind: Literal["own-text"]
    test: TestShare = 0.25  # type: ignore[assignment]
    label: Literal["first", "last", "__label__"] = "first"
    tokens: Literal["none", "pieces", "words"] = "none"
    length: Annotated[int, Field(ge=4, le=512)] = 32
    words: Count = 20_000
    encoding: str = "utf-8"


class OwnHub(Section):
    """A folder with a SavedModel in the form of TensorFlow Hub: a network for features, and no samples."""

    kind: Literal["own-hub"]
    outside: Annotated[bool, Field(description="the folder may lie outside the project's")] = False


class OwnWeights(Section):
    """A file that Keras wrote, `.keras`, `.weights.h5` or `.h5`: the weights of the backbone ``of``, and no samples."""

    kind: Literal["own-weights"]
    of: Annotated[str, Field(description="a name in the table of `headwater backbones`")]
    outside: Annotated[bool, Field(description="the file may lie outside the project's folder")] = False

    @field_validator("of")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in BACKBONES:
            raise _refuse(f"'{name}' is no backbone; known: {', '.join(BACKBONES)}.{nearest(name, BACKBONES)}")
        return name


OWN = (OwnTable, OwnArrays, OwnImages, OwnText)
KINDS = ("own-table", "own-arrays", "own-images", "own-text")


class Encoding(Section):
    """How the columns of own tables and texts become numbers; everything is fitted on the source's training part."""

    texts: Annotated[
        Literal["tf-idf", "hashed"], Field(description="of words; hashed needs no vocabulary and keeps no rarity")
    ] = "tf-idf"
    features: Annotated[Count, Field(le=20_000, description="of each text column")] = 500
    categories: Annotated[Count, Field(le=1000, description="of each column at most; rare ones share one")] = 50
