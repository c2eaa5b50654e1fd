"""Ways to teach a small student, by their name in params.yaml.

All are called (sample, teacher_logits, network, settings, seed); the teacher's logits, (n, classes), belong
to the training part and were computed once.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.distill import logits, student

METHODS: dict[str, Callable[..., Trained | Failed]] = {"logits": logits.run, "student-scratch": student.run}
CONTROL = "student-scratch"
