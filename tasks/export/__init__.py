"""Models as files that someone can ship: what is exported, in which formats, and how it is loaded again.

`python -m tasks.export` converts, `python -m tasks.export.shipped` measures the files on the test part,
`python -m tasks.export.latency` times them here, `python -m tasks.export.predict` applies one (docs/export.md).
"""

FILES = {
    "keras": "model.keras",
    "float32": "float32.tflite",
    "float16": "float16.tflite",
    "int8": "int8.tflite",
}
"""Formats and their files. Each takes raw inputs, but for what `card.json` says under ``scaling``; all give
probabilities."""
CARD, INDEX = "card.json", "index.json"
