"""TensorFlow and Keras, imported once, sooner, and without the lines they print about oneDNN and absent GPUs.

TensorFlow writes these straight to the process's standard error, before any setting of its own is read.
"""

import gc
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


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage is not collected meanwhile, and what there is at the end never will be.

    These imports leave hundreds of thousands of objects and no garbage. To look through them is a quarter of their
    time, and half a second of each later collection.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


with quiet(), uncollected():
    import keras
    import tensorflow as tf

    tf.config.list_physical_devices()  # looks for a GPU now, not with a complaint at the first operation

# This pass takes an order out of loops: a step could read a variable that the same step had already moved.
tf.config.optimizer.set_experimental_options({"dependency_optimization": False})

__all__ = ["keras", "quiet", "tf"]
