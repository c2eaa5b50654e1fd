"""Samples for an exported model, from a person's file: arrays, a table of numbers, or an image."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tasks.common.errors import UserError
from tasks.common.samples import Array
from tasks.own.images import square

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
PICKLES = (".pkl", ".pickle", ".joblib")


def samples(path: Path, shape: Sequence[int], values: str) -> Array:
    """Raw samples (n, *shape), of the type that card.json names under ``values``.

    Raises:
        UserError: If the file is missing, of an unknown kind, broken, or its samples are no inputs of the model.
    """
    if not path.is_file():
        raise UserError(f"{path} was not found, or is a folder; expected a .npz, .csv or image file.")
    ending = path.suffix.lower()
    if ending in PICKLES:
        raise UserError(f"{path} is a pickle, which can run any code when it is read; it is refused. Save x as .npz.")
    if ending == ".npz":
        x = of_arrays(path)
    elif ending == ".csv":
        x = of_table(path)
    elif ending in IMAGES:
        x = of_image(path, shape, values)
    else:
        raise UserError(f"{path} ends with '{ending}'; known: .npz, .csv, {', '.join(IMAGES)}.")
    return checked(x, path, shape, values)


def checked(x: Array, path: Path, shape: Sequence[int], values: str) -> Array:
    """Samples as (n, *shape): rows of a table may be flat, and a single one may come without its n.

    Raises:
        UserError: If the shape is another, there is none, or values are missing, endless or no pixels.
    """
    wanted = tuple(shape)
    if x.shape == wanted:
        x = x[None]
    elif x.ndim == 2 and x.shape[1] == math.prod(wanted):
        x = x.reshape(-1, *wanted)
    if x.shape[1:] != wanted:
        flat = f", or rows of {math.prod(wanted)} numbers" if len(wanted) > 1 else ""
        raise UserError(f"{path}: x has shape {x.shape}; this model takes (n, {', '.join(map(str, wanted))}){flat}.")
    if not len(x):
        raise UserError(f"{path} has no samples.")
    if x.dtype.kind not in "biuf":
        raise UserError(f"{path}: x is of type {x.dtype}; expected numbers.")
    if not np.isfinite(x).all():
        raise UserError(f"{path}: sample {int(np.argwhere(~np.isfinite(x))[0][0]) + 1} has a missing or endless value.")
    if values == "uint8":
        if x.min() < 0 or x.max() > 255 or (x != np.rint(x)).any():
            raise UserError(
                f"{path}: values go from {x.min():g} to {x.max():g}; this model takes pixels, whole numbers from 0 to "
                "255, as they were before any scaling."
            )
        return x.astype(np.uint8)
    return x.astype(np.float32)


def of_arrays(path: Path) -> Array:
    """The array ``x`` of a .npz file.

    Raises:
        UserError: If it has none, is no such file, or would have to be unpickled.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if "x" not in arrays.files:
                raise UserError(f"{path} has {', '.join(arrays.files) or 'no arrays'}; expected an array named x.")
            return np.asarray(arrays["x"])
    except UserError:
        raise
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise UserError(
                f"{path} holds Python objects, whose pickle can run any code when it is read; it is refused. Save x as "
                "an array of numbers."
            ) from None
        raise UserError(f"{path} is no .npz file that can be read ({error}).") from None
    except Exception as error:  # a damaged archive fails in many ways
        raise UserError(f"{path} is no .npz file that can be read ({type(error).__name__}: {error}).") from None


def of_table(path: Path) -> Array:
    """Numbers (rows, columns) float64 of a .csv file, separated by commas; a first line of names is left out.

    Raises:
        UserError: If a cell is no number, or a line has more or fewer cells than the first.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if row]
    except (UnicodeError, csv.Error) as error:
        raise UserError(f"{path} is no table in UTF-8 ({error}).") from None
    if lines and all(_number(cell) is None for cell in lines[0][1]):
        lines = lines[1:]
    if not lines:
        raise UserError(f"{path} has no rows of numbers.")
    width, rows = len(lines[0][1]), []
    for line, row in lines:
        numbers = [_number(cell) for cell in row]
        if len(row) != width:
            raise UserError(f"{path}: line {line} has {len(row)} cells, the first row {width}.")
        if None in numbers:
            column = numbers.index(None)
            raise UserError(f"{path}: line {line}, column {column + 1} is '{row[column][:40]}'; expected a number.")
        rows.append(numbers)
    return np.array(rows, np.float64)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def of_image(path: Path, shape: Sequence[int], values: str) -> Array:
    """One image, brought to the model's shape as those of own data are: upright, on white, cut to a square.

    Raises:
        UserError: If the model takes no square images, or this is none that can be read.
    """
    if values != "uint8" or len(shape) not in (2, 3) or shape[0] != shape[1] or tuple(shape[2:]) not in ((), (3,)):
        raise UserError(f"{path} is an image; this model takes {values} of shape {tuple(shape)}, as .npz or .csv.")
    return square(path.parent, path, int(shape[0]), colour=len(shape) == 3)
