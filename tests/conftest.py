"""For all tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest go first, so that they run beside the others and not after them.

    `--no-loadscope-reorder` in pyproject.toml keeps this order.
    """
    items.sort(key=lambda item: not any(name in item.nodeid for name in ("test_doors", "test_smoke")))
