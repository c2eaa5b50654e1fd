"""A file and the card beside it belong together."""

import hashlib
from pathlib import Path
from typing import Any

from tasks.common.artifacts import read_json
from tasks.common.errors import UserError
from tasks.export import CARD

Card = dict[str, Any]


def describe(path: Path) -> dict[str, Any]:
    """Of a file: how large it is, and its SHA-256."""
    data = path.read_bytes()
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def card_of(path: Path) -> tuple[str, Card]:
    """The format of an exported file, and its card.

    Raises:
        UserError: If the file or its card is missing, or the card was written for another file.
    """
    card_path = path.parent / CARD
    if not path.is_file():
        raise UserError(f"{path} was not found, or is a folder; expected an exported .keras or .tflite file.")
    try:
        card: Card = read_json(card_path)
        files = {one["name"]: (kind, one["sha256"]) for kind, one in card["files"].items()}
        _ = card["classes"], card["input"]["shape"], card["input"]["values"], card["scaling"]["inside"]
    except FileNotFoundError:
        raise UserError(
            f"{card_path} was not found; it names the classes and the inputs. Keep it beside the model."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{card_path} is not the card of an exported model. Copy it anew.") from None
    if path.name not in files:
        raise UserError(f"{path.name} is not in {card_path}; it has {', '.join(files)}.")
    kind, recorded = files[path.name]
    if describe(path)["sha256"] != recorded:
        raise UserError(f"{path} is not the file that {card_path} was written for. Copy both anew, from one export.")
    return kind, card
