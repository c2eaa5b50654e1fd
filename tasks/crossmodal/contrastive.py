"""Contrastive learning of two towers: an image and its description should find each other in a batch."""

from dataclasses import dataclass
from typing import Any

from tasks.common.backend import tf
from tasks.common.outcomes import Failed, Trained
from tasks.common.schema.crossmodal import Contrastive
from tasks.common.schema.study import Network
from tasks.crossmodal import towers
from tasks.crossmodal.seen import Seen


def info_nce(images: Any, texts: Any, y: Any, *, temperature: float) -> Any:
    """Symmetric InfoNCE in which images of one class share their description.

    With cosine s_ij of image i and the description of image j, and P(i) the images of i's class, i included:
    ``½ · mean_i KL(u_i ‖ softmax_j(s_ij / T)) + ½ · mean_j KL(u_j ‖ softmax_i(s_ij / T))``, u_i even over P(i).

    CLIP calls every pair off the diagonal a mismatch. Of 30,000 pairs hardly any is none; of few classes many pairs in
    a batch are of one class. So here all pairs of a class are right, each as much as the others (UniCL). Where no class
    is in a batch twice this is CLIP's loss. Where images of a class have the very same description, as here, CLIP's
    is larger by the mean of log |P(i)|, which no learning changes: the two train alike, and this one can reach 0.

    Args:
        images: Where images are, float, (n, space).
        texts: Where the description of each image is, (n, space): the same row for images of one class.
        y: Classes of the images, integers, (n,).
        temperature: T > 0, dimensionless. CLIP learns it; here it is a setting.

    Returns:
        Scalar, in nats. 0 exactly where both softmaxes are even over the class's pairs and 0 elsewhere; the entropy of
        u, which no learning changes, is taken off.

    Raises:
        ValueError: If T is not positive, or the two shapes differ.

    Sources: "Learning transferable visual models from natural language supervision", arXiv:2103.00020, figure 3;
    "Unified contrastive learning in image-text-label space", arXiv:2204.03610, eq. 2 to 4.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; expected a positive number")
    images, texts = tf.convert_to_tensor(images), tf.convert_to_tensor(texts)
    if not images.shape.is_compatible_with(texts.shape):
        raise ValueError(f"images have shape {images.shape} and their texts {texts.shape}; they must match")
    logits = towers.cosines(images, texts) / temperature  # (n, n)
    pairs = tf.cast(tf.equal(y[:, None], y[None, :]), logits.dtype)
    count = tf.reduce_sum(pairs, axis=1)  # (n,), of each image's class
    target = pairs / count[:, None]  # symmetric: both sides of a pair are of one class
    by_image = tf.reduce_sum(target * tf.nn.log_softmax(logits, axis=1), axis=1)
    by_text = tf.reduce_sum(target * tf.nn.log_softmax(logits, axis=0), axis=0)
    return tf.reduce_mean(-(by_image + by_text) / 2 - tf.math.log(count))


@dataclass(frozen=True)
class Loss:
    """The loss of a batch, given the descriptions of all seen classes."""

    temperature: float

    def __call__(self, images: Any, texts: Any, y: Any) -> Any:
        return info_nce(images, tf.gather(texts, y), y, temperature=self.temperature)


def run(seen: Seen, network: Network, settings: Contrastive, seed: int) -> Trained | Failed:
    """An image network and a linear layer on the descriptions' vectors, both trained by `info_nce`.

    Departs from CLIP: the text encoder is frozen below its last linear layer, as a handful of descriptions is no text
    to learn language from, and the temperature is fixed.
    """
    loss = Loss(settings.temperature)
    return towers.train(seen, settings, seed, lambda: towers.projected(network, seen, settings.width, seed), loss)
