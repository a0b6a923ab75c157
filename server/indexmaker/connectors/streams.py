"""Streams between processes: batches by draining a queue, and sequences that show gaps and replacements."""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from typing import Generic, TypeVar

from indexmaker.connectors.errors import StreamClosedError

__all__ = ["BATCH_LIMIT", "BatchingQueue", "Continuity", "SequenceNumbers", "SequenceWatch"]

T = TypeVar("T")

BATCH_LIMIT = 256
"""How many events one stream message carries at most."""


class BatchingQueue(Generic[T]):
    """A bounded queue whose reader takes everything that waits, so that one message carries many events.

    There is no lingering: a lone event leaves at once, and under load batches grow by themselves.
    """

    def __init__(self, maxsize: int = 4096) -> None:
        self._items: deque[T] = deque()
        self._maxsize = maxsize
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    @property
    def closed(self) -> bool:
        """Whether `close` was called; what waits can still be taken."""
        return self._closed

    async def put(self, item: T) -> None:
        """Append one item, waiting for room; raises `StreamClosedError` when closed meanwhile."""
        while len(self._items) >= self._maxsize and not self._closed:
            self._room.clear()
            await self._room.wait()
        self._append(item)

    def put_nowait(self, item: T) -> None:
        """Append one item; raises `asyncio.QueueFull` or `StreamClosedError`."""
        if len(self._items) >= self._maxsize:
            raise asyncio.QueueFull(f"{self._maxsize} items wait for a slow reader")
        self._append(item)

    def _append(self, item: T) -> None:
        if self._closed:
            raise StreamClosedError("the stream is closed")
        self._items.append(item)
        self._filled.set()

    async def take(self, limit: int = BATCH_LIMIT) -> list[T]:
        """Wait for the first item and take all that waits, at most `limit`, oldest first.

        Raises `StreamClosedError` once the queue is closed and empty.
        """
        while not self._items:
            if self._closed:
                raise StreamClosedError("the stream is closed")
            self._filled.clear()
            await self._filled.wait()
        batch = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        self._room.set()
        return batch

    def close(self) -> None:
        """Refuse further items; readers get what waits, then `StreamClosedError`."""
        self._closed = True
        self._filled.set()
        self._room.set()


class SequenceNumbers:
    """Numbers the events of one stream of one process: 1, 2, 3, …"""

    def __init__(self) -> None:
        self._last = 0

    @property
    def last(self) -> int:
        """The last number given; 0 before the first."""
        return self._last

    def take(self, count: int) -> int:
        """Number `count` events (at least one) and return the number of the first."""
        if count < 1:
            raise ValueError("a message without events has no sequence")
        first = self._last + 1
        self._last += count
        return first


class Continuity(enum.Enum):
    """How a message of a stream follows the one before it."""

    STARTED = "started"
    """First message seen."""
    NEXT = "next"
    """Follows without a gap."""
    REPEATED = "repeated"
    """All of it was seen before: drop it."""
    GAP = "gap"
    """Events are missing: subscribe anew and take a snapshot."""
    REPLACED = "replaced"
    """Another process speaks: reconcile."""


class SequenceWatch:
    """Judges each message of one stream by `(instance, first sequence, count)`."""

    def __init__(self) -> None:
        self._instance = ""
        self._last = 0

    @property
    def instance(self) -> str:
        """Process that spoke last; empty before the first message."""
        return self._instance

    def observe(self, instance: str, *, first: int, count: int) -> Continuity:
        """Judge a message and take its numbers as the state to go on from (not for REPEATED)."""
        last = first + count - 1
        if instance != self._instance:
            verdict = Continuity.REPLACED if self._instance else Continuity.STARTED
        elif last <= self._last:
            return Continuity.REPEATED
        else:
            verdict = Continuity.NEXT if first == self._last + 1 else Continuity.GAP
        self._instance, self._last = instance, last
        return verdict
