"""A network in TensorFlow Lite's format (LiteRT), at full or at lower precision."""

from typing import Literal

import numpy as np

from tasks.common.backend import keras, quiet, tf
from tasks.common.samples import Array

Kind = Literal["float32", "float16", "int8"]


def lite(model: keras.Model, kind: Kind, rows: Array) -> bytes:
    """The content of a `.tflite` file.

    Args:
        model: A network for one sample at a time: what runs these files on small devices wants fixed shapes.
        kind: ``float32`` as it is; ``float16``: weights in half the bytes; ``int8``: weights, activations, inputs and
            outputs of 8 bits, nothing computed in floating point.
        rows: Representative inputs of ``model``, (n, ...): int8 takes the ranges of its activations from them. It takes
            and gives uint8 where they are, as pixels are. Where they are int32, numbers of words, of which 8 bits
            cannot tell enough, only its weights have 8 bits.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.exclude_conversion_metadata = True  # the converter's versions: card.json has them
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8" and rows.dtype != "int32":
        converter.representative_dataset = lambda: ([row[None]] for row in rows.astype(np.float32))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = (
            tf.uint8 if rows.dtype == "uint8" else tf.int8
        )
    with quiet():
        content: bytes = converter.convert()
    return content
