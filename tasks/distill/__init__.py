"""Ways to teach a small student, by their name in params.yaml.

All are called (sample, lesson, network, settings, seed); the lesson is what the teacher said once.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.distill import logits, student

METHODS: dict[str, Callable[..., Trained | Failed]] = {"logits": logits.run, "student-scratch": student.run}
CONTROL = "student-scratch"
UNTAUGHT = (CONTROL,)
"""Methods without a teacher."""
