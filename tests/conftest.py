"""What holds for all tests."""

import gc
from collections import defaultdict
from itertools import count

import pytest
import structlog
from hypothesis import settings

from tests.support import scratch

scratch.settle()

# How long an example takes on a busy machine is no claim of any test: the timeout is against one that hangs.
settings.register_profile("center", deadline=None)
settings.load_profile("center")

# Tests log traces by the hundred: structlog's own picture of one, with the values of all variables, takes a
# third of a second.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
)


# The collector begins as late as the server's (`__main__.py`), and leaves alone what the tests are made of.
gc.set_threshold(50_000, 20, 20)


LONG = ("e2e", "web", "http", "crm", "traces")
"""Folders whose files take long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that at the end no worker has one before it while the others
    are done; and with one of each folder by turns, because who telephones waits for most of the time, and
    others can use that."""
    turns = defaultdict[str, "count[int]"](count)
    place: dict[str, tuple[bool, int]] = {}
    for item in items:
        file = item.location[0]
        if file not in place:
            folder = item.path.parent.name
            place[file] = (folder not in LONG, next(turns[folder]) if folder in LONG else 0)
    items.sort(key=lambda item: place[item.location[0]])


def pytest_collection_finish() -> None:
    """What was collected is here to stay."""
    gc.freeze()
