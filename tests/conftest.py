"""What holds for all tests."""

import gc

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


def pytest_collection_finish() -> None:
    """What was collected is here to stay."""
    gc.freeze()
