"""For all tests."""

import gc

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest goes first, so that it runs beside the others and not after them.

    `--no-loadscope-reorder` in pyproject.toml keeps this order.
    """
    items.sort(key=lambda item: "test_doors" not in item.nodeid)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no collection of garbage need look at it."""
    gc.freeze()
