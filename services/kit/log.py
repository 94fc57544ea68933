"""Logs: one line per event, JSON unless a person watches.

The event is a constant; what varies stands in fields.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from services.kit.trace import trace_id

_SECRET_FIELD = re.compile(r"password|secret|token|api_key|authorization|dsn", re.IGNORECASE)
_SECRET_IN_TEXT = re.compile(r"(://[^:/@\s]+:)[^@\s]+@")
MASKED = "***"


def mask_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Blank fields whose name tells of a secret, and passwords within DSNs."""
    for name, value in event.items():
        if _SECRET_FIELD.search(name):
            event[name] = MASKED
        elif isinstance(value, str) and "://" in value:
            event[name] = _SECRET_IN_TEXT.sub(rf"\1{MASKED}@", value)
    return event


def add_trace(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say which trace a line belongs to, where one is followed."""
    if found := trace_id():
        event["trace_id"] = found
    return event


def configure_logs(service: str) -> None:
    """Send structured lines to standard output, and libraries' warnings with them."""
    renderer: Any = structlog.processors.JSONRenderer()
    if sys.stdout.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        level=logging.ERROR,
        stream=sys.stdout,
        format='{"library":"%(name)s","event":"%(message)s"}',
    )
