"""Distillation in two parts: how sure the teacher is of the label, and what it finds likely among the other classes."""

from dataclasses import dataclass
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors, class_logits, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import Decoupled
from tasks.common.schema.study import Network
from tasks.distill.teaching import Lesson


def parts(student_logits: Any, teacher_logits: Any, y: Any, *, temperature: float) -> tuple[Any, Any, Any]:
    """The two divergences of which a softened prediction's divergence is made, and what the second counts there.

    With p_t the softened probability of the label, ``KL(p ‖ q) = target + others · (1 - p_t of the teacher)``, where

        target = KL( (p_t, 1 - p_t) ‖ (q_t, 1 - q_t) )         of label against the rest (TCKD)
        others = Σ_{c≠t} p̂_c (log p̂_c - log q̂_c)               p̂ and q̂ among the other classes alone (NCKD)

    Args:
        student_logits: Unnormalised scores, float, (batch, classes).
        teacher_logits: The same shape. Receives no gradient.
        y: Labels, whole numbers, (batch,).
        temperature: T > 0, dimensionless.

    Returns:
        target, others and 1 - p_t of the teacher, each (batch,), the first two in nats, without T².

    Raises:
        ValueError: If T is not positive, or the two shapes differ.

    Source: "Decoupled Knowledge Distillation", arXiv:2203.08679, section 3.1.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; expected a positive number")
    student, teacher = tf.convert_to_tensor(student_logits), tf.convert_to_tensor(teacher_logits)
    if not student.shape.is_compatible_with(teacher.shape):
        raise ValueError(f"student logits have shape {student.shape}, teacher {teacher.shape}; they must match")
    label = tf.one_hot(y, student.shape[-1], on_value=True, off_value=False, dtype=tf.bool)
    teacher_binary, teacher_others = _split(tf.stop_gradient(teacher) / temperature, label)
    student_binary, student_others = _split(student / temperature, label)
    rest = tf.exp(teacher_binary[:, 1])
    return _divergence(teacher_binary, student_binary), _divergence(teacher_others, student_others), rest


def _split(logits: Any, label: Any) -> tuple[Any, Any]:
    """Log probabilities of (label, any other class), (batch, 2), and of the other classes among themselves.

    The latter are (batch, classes - 1): the label's column is taken out rather than masked by a large number,
    so that no digit is lost.
    """
    of_label = tf.boolean_mask(logits, label)[:, None]  # (batch, 1)
    others = tf.reshape(tf.boolean_mask(logits, ~label), (-1, logits.shape[-1] - 1))
    binary = tf.concat([of_label, tf.reduce_logsumexp(others, axis=1, keepdims=True)], axis=1)
    return tf.nn.log_softmax(binary), tf.nn.log_softmax(others)


def _divergence(log_p: Any, log_q: Any) -> Any:
    return tf.reduce_sum(tf.exp(log_p) * (log_p - log_q), axis=-1)


@dataclass(frozen=True)
class Objective:
    """Cross-entropy + T² · mean_b (alpha · target + beta · others); two zeros are plain training, bit for bit.

    With alpha = 1 and, for each sample, beta = 1 - p_t, the second term would be the soft loss of 'logits'. That
    beta is small where the teacher is sure, which hides what it knows of the other classes. With two classes there
    is one other class and nothing to tell about it: beta does nothing, and alpha weighs the soft loss. The
    authors' code raises the term's weight over the first epochs; here it is the same throughout.
    """

    temperature: float
    alpha: float
    beta: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        logits = class_logits(model(batch["x"], training=True))
        hard = cross_entropy(logits, batch["y"])
        if self.alpha == self.beta == 0:
            return hard
        target, others, _ = parts(logits, batch["teacher"], batch["y"], temperature=self.temperature)
        return hard + self.temperature**2 * tf.reduce_mean(self.alpha * target + self.beta * others)


def run(sample: Sample, lesson: Lesson, network: Network, settings: Decoupled, seed: int) -> Trained | Failed:
    """A fresh student on labels and the two parts of the teacher's predictions."""
    objective = Objective(settings.temperature, settings.alpha, settings.beta)
    return scratch.train(sample, network, settings, seed, objective=objective, extra={"teacher": lesson.logits})
