"""Contrastive learning: two views of one sample should look alike, and unlike all other samples."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tasks.common import views
from tasks.common.backend import keras, tf
from tasks.common.objectives import Tensors
from tasks.common.outcomes import Failed, Trained
from tasks.common.samples import Sample
from tasks.common.schema.pretrain import Contrastive, Views
from tasks.common.schema.study import Network
from tasks.models import dense
from tasks.pretrain import pretext
from tasks.pretrain.pretext import PREDICTED, Task


def nt_xent(left: Any, right: Any, *, temperature: float) -> tuple[Any, Any]:
    """Normalised temperature-scaled cross-entropy: which of all other views is the partner?

    For view i of the 2N, with partner j and cosine similarity s:
    ``-log( exp(s_ij / T) / Σ_{k != i} exp(s_ik / T) )``, its mean over all 2N.

    Args:
        left: Projections, float, (N, width); row n is one view of sample n.
        right: The same shape: the other view of sample n.
        temperature: T > 0, dimensionless.

    Returns:
        Loss, scalar, in nats; and the share of views whose partner is the most similar of all others.

    Raises:
        ValueError: If T is not positive, or the two shapes differ.

    Source: "A simple framework for contrastive learning of visual representations", arXiv:2002.05709, eq. 1.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; expected a positive number")
    left, right = tf.convert_to_tensor(left), tf.convert_to_tensor(right)
    if not left.shape.is_compatible_with(right.shape):
        raise ValueError(f"projections have shapes {left.shape} and {right.shape}; they must match")
    count = tf.shape(left)[0]
    directions = tf.math.l2_normalize(tf.concat([left, right], 0), axis=1)
    similarity = tf.matmul(directions, directions, transpose_b=True) / temperature  # (2N, 2N)
    others = tf.linalg.set_diag(similarity, tf.fill([2 * count], similarity.dtype.min))  # none is compared with itself
    partner = tf.math.floormod(tf.range(2 * count) + count, 2 * count)
    hits = tf.equal(tf.argmax(others, axis=1, output_type=tf.int32), partner)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partner, others))
    return loss, tf.reduce_mean(tf.cast(hits, loss.dtype))


def pair(x: Any, seed: Any, settings: Views, pool: Any) -> tuple[Any, Any]:
    """Two views of each sample, each of the shape of x.

    Images: both are cropped, shifted, flipped and noisy, each by its own random numbers (SimCLR). Rows: one is the row
    as it is, in the other a share ``corruption`` of the features comes from random rows of ``pool`` (SCARF).
    """
    if x.shape.rank == 2:
        return x, views.resampled(x, seed, settings.corruption, pool)
    return _view(x, views.fold(seed, 0), settings), _view(x, views.fold(seed, 1), settings)


def _view(images: Any, seed: Any, settings: Views) -> Any:
    images = views.cropped(images, views.fold(seed, 0), settings.crop)
    images = views.shifted(images, views.fold(seed, 1), settings.shift)
    images = views.flipped(images, views.fold(seed, 2), 0.5 if settings.flip else 0.0)
    return views.noisy(images, views.fold(seed, 3), settings.noise)


@dataclass(frozen=True)
class Contrast(Task):
    """Tell partners by their projections; a validation part is judged ``block`` samples at a time, as in training."""

    figure: ClassVar[str] = "share of partners found"
    temperature: float
    views: Views
    block: int

    def measured(self, model: keras.Model, batch: Tensors, training: bool) -> tuple[Any, Any]:
        def part(x: Any) -> tuple[Any, Any]:
            left, right = pair(x, batch["seed"], self.views, batch.get("pool"))
            # One call for both: batch normalisation must not tell the two views apart.
            projections = model(tf.concat([left, right], 0), training=training)
            return nt_xent(*tf.split(projections, 2), temperature=self.temperature)

        return part(batch["x"]) if training else pretext.in_blocks(part, batch["x"], self.block)


def run(sample: Sample, network: Network, settings: Contrastive, seed: int) -> Trained | Failed:
    """The body and a projection head with one hidden layer, trained to find partners; the head is thrown away.

    Labels are not looked at. The negatives of a sample are the views of the others in its batch, so ``batch`` is a
    setting of the method here.

    Source: "A simple framework for contrastive learning of visual representations", arXiv:2002.05709, section 2; for
    rows "SCARF: Self-supervised contrastive learning using random feature corruption", arXiv:2106.15147, section 3,
    with SimCLR's loss, which counts both directions and all other views as negatives.
    """
    task = Contrast(settings.temperature, settings.views, settings.batch)

    def top(signal: Any) -> Any:
        initializer = dense.initial(network, "projection", seed)
        width = int(signal.shape[-1])
        signal = keras.layers.Dense(width, "relu", kernel_initializer=initializer, name="projection")(signal)
        return dense.linear(settings.projection, PREDICTED, seed)(signal)

    constants = {"pool": sample.train.x} if sample.train.x.ndim == 2 else None
    return pretext.train(sample, network, settings, seed, task, top=top, constants=constants)
