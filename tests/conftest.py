"""What holds for all tests."""

import structlog

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
