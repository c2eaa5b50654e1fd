"""Ways to teach a small student, by their name in params.yaml.

All are called (sample, teacher_logits, network, settings, seed); the teacher's logits, (n, classes), belong
to the training part and were computed once.
"""

from tasks.distill import logits, student

METHODS = {"logits": logits.run, "student-scratch": student.run}
CONTROL = "student-scratch"
