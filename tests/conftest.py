"""What holds for all tests."""

import structlog

# A refused request of the tests is logged with its trace by the hundred: structlog's own picture of one, with the
# values of all variables, takes a third of a second.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(),
    ]
)
