"""TensorFlow and Keras, imported once and without the lines they print about oneDNN and absent GPUs.

TensorFlow writes these straight to the process's standard error, before any setting of its own is read. If the
import fails, they are shown.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _quiet() -> Iterator[None]:
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(screen, kept.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)


with _quiet():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()  # looks for a GPU now, not with a complaint at the first operation

# This pass takes an order out of loops: a step could read a variable that the same step had already moved.
tf.config.optimizer.set_experimental_options({"dependency_optimization": False})

__all__ = ["keras", "tf"]
