"""The bounded waiting room in front of the sequencer."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Closed", "Full", "Intake"]

T = TypeVar("T")


class Full(Exception):
    """No room at the moment."""


class Closed(Exception):
    """Nothing is taken in any more."""


class Intake(Generic[T]):
    """A queue with many writers and one reader that takes everything that waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def put_nowait(self, item: T) -> None:
        """Add an item; raises `Full` or `Closed`."""
        if self._closed:
            raise Closed
        if len(self._items) >= self._limit:
            raise Full
        self._items.append(item)
        self._arrived.set()
        if len(self._items) >= self._limit:
            self._room.clear()

    async def put(self, item: T) -> None:
        """Add an item once there is room; raises `Closed`."""
        while True:
            try:
                return self.put_nowait(item)
            except Full:
                await self._room.wait()

    async def take(self, limit: int) -> list[T]:
        """Wait for items and take up to `limit`; an empty list says closed and drained."""
        while not self._items:
            if self._closed:
                return []
            self._arrived.clear()
            await self._arrived.wait()
        return self._take(limit)

    def close(self) -> None:
        """Take in nothing more; what waits can still be taken."""
        self._closed = True
        self._arrived.set()
        self._room.set()

    def drain(self) -> list[T]:
        """Everything that waits, at once."""
        return self._take(len(self._items))

    def _take(self, limit: int) -> list[T]:
        taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        if len(self._items) < self._limit:
            self._room.set()
        return taken
