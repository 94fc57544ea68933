"""Logs of the command itself: a person reads its progress instead."""

import logging
import sys

import structlog


def only_warnings() -> None:
    """Let our own parts log warnings only, beside the command's output rather than within."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
