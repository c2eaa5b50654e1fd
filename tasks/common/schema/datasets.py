"""Data sets by their ``kind``."""

from typing import Annotated, Literal

from pydantic import Field

from tasks.common.schema.base import Count, Section, Share


class FashionMnist(Section):
    kind: Literal["fashion-mnist"]


class Tables(Section):
    kind: Literal["tables"]
    relatedness: Share
    source_rows: Count
    target_rows: Count
    test_rows: Count
    features: Annotated[int, Field(ge=5)] = 20


Dataset = Annotated[FashionMnist | Tables, Field(discriminator="kind")]
