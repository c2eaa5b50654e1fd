"""Distillation of attention: the student's convolutions shall look where the teacher's look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.common import scratch
from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import Attention
from tasks.common.schema.study import Network
from tasks.distill import inside
from tasks.distill.teaching import Lesson
from tasks.models.dense import HEAD


def map_loss(student_map: Any, teacher_map: Any) -> Any:
    """Mean over the batch of the squared distance between two attention maps, each brought to length 1.

    ``mean_b ‖ Q_S/‖Q_S‖ - Q_T/‖Q_T‖ ‖²``. The paper's eq. 2 has the distance and the authors' code its square,
    which has a gradient where the two agree; so has this. A map that is 0 everywhere stays so.

    Args:
        student_map: Attention, not negative, (batch, height, width).
        teacher_map: The same shape. Receives no gradient.

    Returns:
        Scalar, 0 to 2: maps have no negative place, so the farthest are orthogonal.

    Raises:
        ValueError: If the two shapes differ.

    Source: "Paying more attention to attention", arXiv:1612.03928, section 3.1.
    """
    student, teacher = tf.convert_to_tensor(student_map), tf.convert_to_tensor(teacher_map)
    if not student.shape.is_compatible_with(teacher.shape):
        raise ValueError(f"student maps have shape {student.shape}, teacher maps {teacher.shape}; they must match")
    difference = _unit(student) - tf.stop_gradient(_unit(teacher))
    return tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=[1, 2]))


def _unit(maps: Any) -> Any:
    return tf.math.l2_normalize(maps, axis=[1, 2])


@dataclass(frozen=True)
class Objective:
    """Cross-entropy plus half of ``weight`` times the sum of the map losses of the layers; 0 is plain training."""

    weight: float
    layers: tuple[str, ...]

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        outputs = model(batch["x"], training=True)
        hard = cross_entropy(outputs[HEAD], batch["y"])
        if self.weight == 0:
            return hard
        losses = [map_loss(inside.attention(outputs[name]), batch[f"teacher_{name}"]) for name in self.layers]
        return hard + self.weight / 2 * tf.add_n(losses)


def pairs(teacher: Mapping[str, Any], student: Mapping[str, Any]) -> tuple[str, ...]:
    """Layers to compare: convolutions of the same number, as far as both networks have one.

    All networks here halve their maps after each convolution, so that equal numbers have equal resolutions.

    Raises:
        UserError: If there is none.
    """
    both = tuple(name for name in student if name in teacher)
    if not both:
        who = " and the ".join(name for name, maps in (("teacher", teacher), ("student", student)) if not maps)
        raise UserError(f"attention compares convolutional layers, and the {who} has none; 'features' needs none.")
    return both


def run(sample: Sample, lesson: Lesson, network: Network, settings: Attention, seed: int) -> Trained | Failed:
    """A fresh student on labels and attention maps.

    Raises:
        UserError: If teacher or student has no convolution.
    """
    layers = pairs(lesson.maps, inside.feature_maps(scratch.network_for(sample, network, seed)))

    def outputs(student: keras.Model) -> dict[str, Any]:
        maps = inside.feature_maps(student)
        return {name: maps[name] for name in layers}

    extra = {f"teacher_{name}": lesson.maps[name] for name in layers}
    objective = Objective(settings.weight, layers)
    return inside.train(sample, network, settings, seed, outputs=outputs, objective=objective, extra=extra)
