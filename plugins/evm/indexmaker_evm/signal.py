"""Waking waiters: a number that grows, and waiting until it has."""

from __future__ import annotations

import asyncio

__all__ = ["Signal"]


class Signal:
    """Counts changes. A waiter names the count it has seen, so that no change is missed between looking and waiting."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    def fire(self) -> None:
        """Count a change and wake everybody."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def after(self, seen: int) -> int:
        """Wait until the count is above `seen`; return it."""
        while self.count <= seen:
            await self._event.wait()
        return self.count
