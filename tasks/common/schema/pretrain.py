"""Settings of the methods that train a source model."""

from typing import ClassVar

from tasks.common.schema.base import Count, Named, Training


class Pretrain(Named):
    COUNTS: ClassVar = ("repeats",)
    """Fields that are no methods."""

    repeats: Count
    supervised: Training
