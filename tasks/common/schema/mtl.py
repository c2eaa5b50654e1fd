"""Settings of the multi-task methods."""

from tasks.common.schema.base import Named, Training, Weight


class HardSharing(Training):
    auxiliary_weight: Weight


class Mtl(Named):
    hard_sharing: HardSharing
    single_task: Training
