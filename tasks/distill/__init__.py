"""Ways to teach a small student, by their name in params.yaml.

All are called (sample, lesson, network, settings, seed); the lesson is what the teacher said once.
"""

from collections.abc import Callable

from tasks.common.outcomes import Failed, Trained
from tasks.distill import (
    attention,
    augmented,
    born_again,
    decoupled,
    features,
    logits,
    relations,
    student,
    unlabelled,
)

METHODS: dict[str, Callable[..., Trained | Failed]] = {
    "logits": logits.run,  # Hinton et al., 2015
    "features": features.run,  # Romero et al., 2015
    "attention": attention.run,  # Zagoruyko & Komodakis, 2017
    "relations": relations.run,  # Park et al., 2019
    "decoupled": decoupled.run,  # Zhao et al., 2022
    "self": born_again.run,  # Furlanello et al., 2018
    "unlabelled": unlabelled.run,
    "augmented": augmented.run,  # Bucila et al., 2006
    "student-scratch": student.run,
}
CONTROL = "student-scratch"
UNTAUGHT = (CONTROL, "self")
"""Methods without a teacher."""
