"""What holds for every test."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A slow machine is no failure: what must be quick is measured in tests/bench.
settings.register_profile("vigie", deadline=None)
settings.load_profile("vigie")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands set logging up for their process; the tests share one."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.captureWarnings(capture=False)
