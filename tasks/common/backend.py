"""TensorFlow and Keras, imported once and without the lines they print about oneDNN and absent GPUs.

TensorFlow writes these straight to the process's standard error, before any setting of its own is read.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """What is printed meanwhile, from Python or beneath it, is shown only if it fails, and then as an error."""
    _flush()
    screens = {number: os.dup(number) for number in (1, 2)}
    with tempfile.TemporaryFile() as kept:
        for number in screens:
            os.dup2(kept.fileno(), number)
        try:
            yield
        except BaseException:
            _flush()
            kept.seek(0)
            os.write(screens[2], kept.read())
            raise
        finally:
            _flush()
            for number, screen in screens.items():
                os.dup2(screen, number)
                os.close(screen)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


with quiet():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()  # looks for a GPU now, not with a complaint at the first operation

# This pass takes an order out of loops: a step could read a variable that the same step had already moved.
tf.config.optimizer.set_experimental_options({"dependency_optimization": False})

__all__ = ["keras", "quiet", "tf"]
