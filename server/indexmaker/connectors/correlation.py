"""Correlation ids: one name for everything that a request causes, in logs and across processes."""

from __future__ import annotations

import structlog

__all__ = ["CORRELATION_HEADER", "bind_correlation", "correlation_id"]

CORRELATION_HEADER = "x-correlation-id"
"""gRPC metadata key."""

_KEY = "correlation_id"
_LONGEST = 64


def correlation_id() -> str:
    """The current id, or an empty string outside of any request."""
    return str(structlog.contextvars.get_contextvars().get(_KEY, ""))


def bind_correlation(identifier: str) -> None:
    """Make an id current for this task and those it starts: it is in every log line. Empty does nothing."""
    if identifier:
        structlog.contextvars.bind_contextvars(**{_KEY: identifier[:_LONGEST]})
