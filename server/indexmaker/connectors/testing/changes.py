"""A list that grows, and readers that follow it from anywhere: the memory of every scripted plugin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from indexmaker.connectors.streams import BATCH_LIMIT

__all__ = ["ChangeLog"]

T = TypeVar("T")


class ChangeLog(Generic[T]):
    """What happened, in order; the first item has sequence 0."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._grown = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> T:
        return self._items[index]

    def append(self, item: T) -> None:
        """Add an item and wake the readers."""
        self._items.append(item)
        self._grown.set()
        self._grown = asyncio.Event()

    async def follow(self, start: int = 0) -> AsyncIterator[tuple[int, list[T]]]:
        """Everything from `start` on, as `(sequence after these, items)`, in batches; never ends by itself."""
        while True:
            grown = self._grown
            batch = self._items[start : start + BATCH_LIMIT]
            if not batch:
                await grown.wait()
                continue
            start += len(batch)
            yield start, batch
