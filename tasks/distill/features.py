"""Distillation of features: the student's, seen through a linear projector, shall be the teacher's."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import keras, tf
from tasks.common.errors import UserError
from tasks.common.objectives import Tensors, cross_entropy
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.distill import Features
from tasks.common.schema.study import Network
from tasks.distill import inside
from tasks.distill.teaching import Lesson
from tasks.models import dense
from tasks.models.dense import HEAD

PROJECTOR = "projector"


def hint_loss(projected: Any, hint: Any) -> Any:
    """Half the mean squared difference, over samples and features alike.

    ``½ · mean_b mean_f (projected - hint)²``. The paper sums over the features; the mean lets a weight say the
    same for every width of the teacher.

    Args:
        projected: The student's features behind the projector, (batch, width of the teacher).
        hint: The teacher's features, the same shape. Receives no gradient.

    Returns:
        Scalar, in squared units of the teacher's features.

    Raises:
        ValueError: If the two shapes differ.

    Source: "FitNets: Hints for Thin Deep Nets", arXiv:1412.6550, section 2.2, eq. 3.
    """
    student, teacher = tf.convert_to_tensor(projected), tf.convert_to_tensor(hint)
    if not student.shape.is_compatible_with(teacher.shape):
        raise ValueError(f"projected features have shape {student.shape}, hints {teacher.shape}; they must match")
    return 0.5 * tf.reduce_mean(tf.math.squared_difference(student, tf.stop_gradient(teacher)))


@dataclass(frozen=True)
class Objective:
    """Cross-entropy plus ``weight`` times the hint loss; weight 0 is plain training, bit for bit.

    The paper first trains the lower layers by hints alone and then all by soft targets. Both at once is how
    later comparisons use it ("Contrastive Representation Distillation", arXiv:1910.10699, section 4).
    """

    weight: float

    def __call__(self, model: keras.Model, batch: Tensors) -> Any:
        outputs = model(batch["x"], training=True)
        hard = cross_entropy(outputs[HEAD], batch["y"])
        if self.weight == 0:
            return hard
        return hard + self.weight * hint_loss(outputs[PROJECTOR], batch["hint"])


def run(sample: Sample, lesson: Lesson, network: Network, settings: Features, seed: int) -> Trained | Failed:
    """A fresh student on labels and hints; the projector, without activation, learns along and is thrown away.

    Raises:
        UserError: If teacher or student has no layer of the name in the settings.
    """
    hint = _named(lesson.features, settings.hint, "hint", "teacher")

    def outputs(student: keras.Model) -> dict[str, Any]:
        guided = _named(inside.features(student), settings.guided, "guided", "student")
        return {PROJECTOR: dense.linear(hint.shape[1], PROJECTOR, seed)(guided)}

    objective = Objective(settings.weight)
    return inside.train(sample, network, settings, seed, outputs=outputs, objective=objective, extra={"hint": hint})


def _named(layers: Any, name: str, setting: str, who: str) -> Any:
    if name not in layers:
        raise UserError(f"features.{setting} is '{name}'; the {who} has {', '.join(layers)}.")
    return layers[name]
