"""For all tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file that takes longest goes first, so that it runs beside the others and not after them."""
    items.sort(key=lambda item: "test_doors" not in item.nodeid)
