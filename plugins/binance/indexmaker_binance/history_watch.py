"""What one listener was told of a history that can only be read again and again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from google.protobuf.message import Message

__all__ = ["HistoryWatch"]

_DAY = 86_400 * 10**9

M = TypeVar("M", bound=Message)


class HistoryWatch(Generic[M]):
    """Finds what is new or changed among the records of a history; times are UTC nanoseconds."""

    def __init__(
        self, since: int, *, key: Callable[[M], str], at: Callable[[M], int], pending: Callable[[M], bool]
    ) -> None:
        """`key` names a record, `at` is when the venue first recorded it, `pending` whether it may still change."""
        self.since = since
        self._key, self._at, self._is_pending = key, at, pending
        self._told: dict[str, bytes] = {}
        self._pending: dict[str, int] = {}
        self._newest = since

    @property
    def read_from(self) -> int:
        """From when to read next: the oldest record that may still change, or a day before the newest."""
        start = max(self.since, self._newest - _DAY)
        return min(start, *self._pending.values()) if self._pending else start

    def changed(self, records: Sequence[M]) -> list[M]:
        """Those that are new or differ from what was told."""
        news = []
        for record in records:
            key, at = self._key(record), self._at(record)
            self._newest = max(self._newest, at)
            content = record.SerializeToString(deterministic=True)
            if self._told.get(key) != content:
                self._told[key] = content
                news.append(record)
            if self._is_pending(record):
                self._pending[key] = at
            else:
                self._pending.pop(key, None)
        return news
