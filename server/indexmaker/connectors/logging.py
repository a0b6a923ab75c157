"""Logs of a plugin process: one JSON object a line on standard error, secrets masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TextIO

import msgspec
import structlog

from indexmaker.connectors.secrets import redact_event

__all__ = ["configure_plugin_logging"]


def _to_json(event: object, **_options: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def configure_plugin_logging(
    *, plugin: str, instance_id: str, level: int = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send structlog's events, and those of the standard library's loggers, to standard error as JSON lines.

    Each line has `event`, `level`, `timestamp` (UTC, ISO 8601), `logger`, `plugin`, `instance_id`, the correlation id
    when there is one, and a traceback as the text `exception`.
    """

    def name_plugin(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        # Lines that are forwarded for another process have both already.
        event.setdefault("plugin", plugin)
        event.setdefault("instance_id", instance_id)
        return event

    shared: Sequence[structlog.typing.Processor] = (
        structlog.contextvars.merge_contextvars,
        name_plugin,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        # After the traceback has become text: secrets hide there too.
        redact_event,
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
