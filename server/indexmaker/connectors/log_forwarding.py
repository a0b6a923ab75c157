"""Logs of child processes in the supervisor's own log: parsed, named, and rate limited."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.secrets import redact_event

__all__ = ["LineSplitter", "LogForwarder", "RateLimit"]

_LONGEST_LINE = 64 * 1024
_SECOND = 1_000_000_000
_RESERVED = ("self", "process", "exc_info", "stack_info")
_LEVELS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}


class LineSplitter:
    """Cuts a byte stream into lines; a line beyond 64 KiB is cut in pieces instead of filling the memory."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [line for line in lines if line.strip()]

    def finish(self) -> list[bytes]:
        """What is left at the end of the stream."""
        rest, self._rest = self._rest, b""
        return [rest] if rest.strip() else []


class RateLimit:
    """A token bucket: `rate` lines a second, `burst` at once."""

    def __init__(self, *, clock: Clock, rate: int = 200, burst: int = 1000) -> None:
        self._clock = clock
        self._rate = rate
        self._full = burst * _SECOND
        self._level = self._full
        self._at = clock.now()

    def allows(self) -> bool:
        """Take one token if there is one."""
        now = self._clock.now()
        self._level = min(self._full, self._level + max(0, now - self._at) * self._rate)
        self._at = now
        if self._level < _SECOND:
            return False
        self._level -= _SECOND
        return True


class LogForwarder:
    """Re-logs a child's lines under the child's name. Errors pass the rate limit; dropped lines are counted."""

    def __init__(self, process: str, *, clock: Clock, limit: RateLimit | None = None) -> None:
        self._log = structlog.get_logger("indexmaker.process").bind(process=process)
        self._limit = limit or RateLimit(clock=clock)
        self._dropped = 0

    def forward(self, line: bytes) -> None:
        """Log one line: a JSON object with an `event` keeps its level and keys, any other text becomes `output`."""
        fields = self._parse(line)
        level = _LEVELS.get(str(fields.pop("level", "info")).lower(), logging.INFO)
        if not self._limit.allows() and level < logging.ERROR:
            self._dropped += 1
            return
        if self._dropped:
            self._log.warning("log lines dropped", dropped=self._dropped)
            self._dropped = 0
        event = str(fields.pop("event"))
        self._log.log(level, event, **redact_event(None, "", fields))

    def _parse(self, line: bytes) -> dict[str, Any]:
        try:
            fields = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            fields = None
        if not isinstance(fields, dict) or "event" not in fields:
            return {"event": "output", "line": line.decode("utf-8", "replace")}
        for key in _RESERVED:
            fields.pop(key, None)
        # The supervisor adds its own time and logger.
        for key, kept in (("timestamp", "at"), ("logger", "origin")):
            if key in fields:
                fields[kept] = fields.pop(key)
        return fields
