"""What holds for all tests."""

import gc

import structlog

from tests.support import scratch

scratch.settle()

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


def pytest_collection_finish() -> None:
    """Leave the collector what the tests make, and let it begin as late as the server's (`cli.py`)."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
