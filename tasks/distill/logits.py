"""Distillation of softened predictions: the student learns what the teacher finds likely beside the label."""

from dataclasses import dataclass
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, class_logits, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import Logits
from tasks.common.schema.study import Network
from tasks.distill.teaching import Lesson


def soft_loss(student_logits: Any, teacher_logits: Any, *, temperature: float) -> Any:
    """Mean KL divergence from the teacher's softened prediction to the student's, times T².

    ``T² · mean_b KL(softmax(teacher_b / T) ‖ softmax(student_b / T))``. Gradients of the softened term
    shrink as 1/T², so T² keeps the weight in params.yaml meaning the same at every temperature.

    Args:
        student_logits: Unnormalised scores, float, (batch, classes).
        teacher_logits: The same shape. Receives no gradient.
        temperature: T > 0, dimensionless; 1 leaves the probabilities as they are.

    Returns:
        Scalar, in nats. Zero exactly when the two softened predictions agree.

    Raises:
        ValueError: If T is not positive, or the two shapes differ.

    Source: "Distilling the Knowledge in a Neural Network", arXiv:1503.02531, section 2.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; expected a positive number")
    student, teacher = tf.convert_to_tensor(student_logits), tf.convert_to_tensor(teacher_logits)
    if not student.shape.is_compatible_with(teacher.shape):
        raise ValueError(f"student logits have shape {student.shape}, teacher {teacher.shape}; they must match")
    teacher = tf.stop_gradient(tf.nn.log_softmax(teacher / temperature))
    student = tf.nn.log_softmax(student / temperature)
    divergence = tf.reduce_sum(tf.exp(teacher) * (teacher - student), axis=-1)  # (batch,)
    return temperature**2 * tf.reduce_mean(divergence)


@dataclass(frozen=True)
class Objective:
    """``weight`` times the soft loss plus the rest times cross-entropy; weight 0 is plain training, bit for bit."""

    temperature: float
    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        logits = class_logits(model(batch["x"], training=True))
        hard = cross_entropy(logits, batch["y"])
        if self.weight == 0:
            return hard
        return (1 - self.weight) * hard + self.weight * soft_loss(
            logits, batch["teacher"], temperature=self.temperature
        )


def run(sample: Sample, lesson: Lesson, network: Network, settings: Logits, seed: int) -> Trained | Failed:
    """A fresh student on labels and soft targets."""
    objective = Objective(settings.temperature, settings.weight)
    return scratch.train(sample, network, settings, seed, objective=objective, extra={"teacher": lesson.logits})
