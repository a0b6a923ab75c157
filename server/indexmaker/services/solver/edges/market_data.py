"""Live books of one venue."""

from __future__ import annotations

import asyncio

import grpc

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.api.marketdata.v1 import market_data_pb2_grpc as rpc
from indexmaker.services.solver.edges.calls import converse, keep_running
from indexmaker.services.solver.live_book import LiveBook
from indexmaker.solver.events import Book

__all__ = ["MarketDataEdge"]

_DEPTH = 50
_FROZEN_DEPTH = 20


class MarketDataEdge:
    """Keeps the books of the symbols asked for; books never enter the journal except frozen in a decision.

    `rules_changed` is set when the venue announces other trading rules.
    """

    def __init__(self, venue: str, channel: grpc.aio.Channel, *, rules_changed: asyncio.Event) -> None:
        self._venue = venue
        self._stub = rpc.MarketDataServiceStub(channel)
        self._rules_changed = rules_changed
        self._books: dict[str, LiveBook] = {}
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._heard = asyncio.Event()

    def want(self, symbols: set[str]) -> None:
        """Subscribe to these symbols too."""
        if new := symbols - self._wanted:
            self._wanted |= new
            self._books |= {symbol: LiveBook(self._venue, symbol) for symbol in new}
            self._changed.set()

    def freeze(self, symbols: set[str], *, now: int) -> tuple[Book, ...]:
        """The books of these symbols as they are now, in order of symbol."""
        known = sorted(symbols & self._books.keys())
        return tuple(self._books[symbol].freeze(now=now, depth=_FROZEN_DEPTH) for symbol in known)

    def mid(self, symbol: str) -> int:
        """Mid price in atoms; 0 when there is none to trust."""
        book = self._books.get(symbol)
        return book.best_mid() if book is not None else 0

    def priced(self, symbol: str, *, now: int) -> tuple[int, int]:
        """Mid price in atoms (0 when there is none to trust), and the age of the book in nanoseconds."""
        book = self._books.get(symbol)
        return (book.best_mid(), book.age(now=now)) if book is not None else (0, 0)

    async def wait_for_mids(self, symbols: set[str]) -> dict[str, int]:
        """Mid prices of all these symbols, as soon as each has one."""
        self.want(symbols)
        while True:
            self._heard.clear()
            mids = {symbol: self.mid(symbol) for symbol in symbols}
            if all(mids.values()):
                return mids
            await self._heard.wait()

    async def run(self) -> None:
        """Keep the subscription alive until cancelled."""
        await keep_running(f"{self._venue}.Subscribe", self._session)

    async def _session(self) -> None:
        call = self._stub.Subscribe(wait_for_ready=True)
        try:
            await converse(call, write=self._subscribe(call), read=self._read(call))
        finally:
            for book in self._books.values():
                book.lose()

    async def _subscribe(self, call: grpc.aio.StreamStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]) -> None:
        subscribed: set[str] = set()
        while True:
            self._changed.clear()
            if new := self._wanted - subscribed:
                subscribed |= new
                await call.write(pb.SubscribeRequest(add=sorted(new), depth=_DEPTH))
            await self._changed.wait()

    async def _read(self, call: grpc.aio.StreamStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]) -> None:
        expected = 0
        while isinstance(response := await call.read(), pb.SubscribeResponse):
            if expected and response.first_sequence != expected:
                return  # events were lost: a new session begins with snapshots
            expected = response.first_sequence + len(response.events)
            for event in response.events:
                if event.WhichOneof("body") == "instrument":
                    self._rules_changed.set()
                elif (book := self._books.get(event.symbol)) is not None:
                    book.apply(event)
            self._heard.set()
