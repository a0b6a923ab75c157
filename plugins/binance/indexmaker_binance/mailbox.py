"""What waits for one subscriber. A slow one loses detail, never memory and never the truth."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.connectors.errors import StreamClosedError

__all__ = ["Mailbox"]


class Mailbox:
    """Events in order, up to a limit. Past it the waiting ones are let go, and each symbol among them is told by
    its state at the time of reading: status, whole book and best quote. Trades let go are lost.
    """

    def __init__(self, *, depth: int, limit: int, state: Callable[[str, int], Iterable[pb.MarketEvent]]) -> None:
        """`state(symbol, depth)` gives the events that tell everything about a symbol now."""
        self.depth = depth
        self.symbols: set[str] = set()
        self.conflations = 0
        self._limit = limit
        self._state = state
        self._waiting: deque[pb.MarketEvent] = deque()
        self._behind: dict[str, None] = {}
        self._filled = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        """Nothing more will come; the reader is told with `StreamClosedError`."""
        self._closed = True
        self._filled.set()

    def put(self, event: pb.MarketEvent) -> None:
        """Add an event; never blocks."""
        if event.symbol in self._behind:
            return
        if len(self._waiting) >= self._limit:
            self.conflations += 1
            self._behind.update(dict.fromkeys(waiting.symbol for waiting in self._waiting))
            self._behind[event.symbol] = None
            self._waiting.clear()
        else:
            self._waiting.append(event)
        self._filled.set()

    def refresh(self, symbol: str) -> None:
        """Tell the whole state of a symbol at the next reading."""
        self._waiting = deque(event for event in self._waiting if event.symbol != symbol)
        self._behind[symbol] = None
        self._filled.set()

    def forget(self, symbol: str) -> None:
        """Let go what waits of a symbol."""
        self._waiting = deque(event for event in self._waiting if event.symbol != symbol)
        self._behind.pop(symbol, None)

    async def take(self, limit: int) -> list[pb.MarketEvent]:
        """Wait for the first event and take what waits, about `limit` at most."""
        while not self._waiting and not self._behind:
            if self._closed:
                raise StreamClosedError("the source of market data was replaced")
            self._filled.clear()
            await self._filled.wait()
        events: list[pb.MarketEvent] = []
        while self._behind and len(events) < limit:
            symbol = next(iter(self._behind))
            del self._behind[symbol]
            events.extend(self._state(symbol, self.depth))
        while self._waiting and len(events) < limit:
            events.append(self._waiting.popleft())
        return events
