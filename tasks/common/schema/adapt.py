"""Settings of the domain adaptation methods."""

from tasks.common.schema.base import Named, Training


class Adapt(Named):
    source_only: Training
    target_oracle: Training
