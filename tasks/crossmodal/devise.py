"""DeViSE: images learn to lie nearer to their class's description than to any other, by a margin."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.crossmodal import Devise
from tasks.common.schema.study import Network
from tasks.crossmodal import towers
from tasks.crossmodal.seen import Seen


def ranking(images: Any, texts: Any, y: Any, *, margin: float) -> Any:
    """Mean over images of the hinge rank loss: ``Σ_{j != y} max(0, margin - t_y · v + t_j · v)``.

    Args:
        images: Where images are, v, float, (n, space).
        texts: Descriptions of all seen classes, t, of length 1, (classes, space).
        y: Classes of the images, (n,).
        margin: In the unit of t · v.

    Returns:
        Scalar; 0 exactly where each image's own description leads all others by the margin. All wrong ones count; the
        paper stops at the first that is too near, to save time.

    Source: "DeViSE: A deep visual-semantic embedding model", NeurIPS 2013, section 3, eq. 1.
    """
    products = tf.matmul(images, texts, transpose_b=True)  # (n, classes)
    own = tf.gather(products, y, axis=1, batch_dims=1)[:, None]
    others = 1 - tf.one_hot(y, tf.shape(texts)[0], dtype=products.dtype)
    return tf.reduce_mean(tf.reduce_sum(others * tf.nn.relu(margin - own + products), axis=1))


@dataclass(frozen=True)
class Loss:
    """The loss of a batch, given the descriptions of all seen classes."""

    margin: float

    def __call__(self, images: Any, texts: Any, y: Any) -> Any:
        return ranking(images, texts, y, margin=self.margin)


def run(seen: Seen, network: Network, settings: Devise, seed: int) -> Trained | Failed:
    """An image network into the space of the descriptions, which stay as they are.

    Departs from the paper: the image network is trained from its initial weights, together with the layer on top.
    """
    return towers.train(seen, settings, seed, lambda: towers.fixed(network, seen, seed), Loss(settings.margin))
