"""The public streams: trades and best prices as they happen, book changes in steps of 100 ms and 1 s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import BookDelta, Trade
from indexmaker.exchange.markets import Market
from indexmaker.exchange.vocabulary import Side
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.hub import Hub
from indexmaker.gateways.binance.market import best_levels, levels_text
from indexmaker.gateways.binance.venue import ExchangeCommitted
from indexmaker.runtime import Clock

__all__ = ["Bucket", "MarketFeed"]

_STEP = 0.1
_STEPS_PER_SECOND = 10
_PARTIAL = (5, 10, 20)


class Bucket:
    """Level changes since the last event of one speed: the newest quantity per price."""

    __slots__ = ("asks", "bids", "first", "last")

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def merge(self, delta: BookDelta) -> None:
        """Take over the changes of one command."""
        self.first = self.first or delta.first_update
        self.last = delta.last_update
        self.bids.update(delta.bids)
        self.asks.update(delta.asks)


class MarketFeed:
    """Turns committed events into stream events. Subscribe `observe` to the sequencer and run `run`."""

    def __init__(self, engine: ExchangeEngine, hub: Hub, *, clock: Clock) -> None:
        self._engine = engine
        self._hub = hub
        self._clock = clock
        self._fast: dict[str, Bucket] = {}
        self._slow: dict[str, Bucket] = {}
        self._best: dict[str, dict[str, object]] = {}
        self._encode: Callable[[object], bytes] = msgspec.json.Encoder().encode

    def observe(self, committed: ExchangeCommitted) -> None:
        """Publish what a committed command did; replayed commands were published in another life."""
        if committed.replayed:
            return
        for event in committed.outputs:
            if isinstance(event, Trade):
                self._trade(event)
            elif isinstance(event, BookDelta):
                self._fast.setdefault(event.market, Bucket()).merge(event)
                self._slow.setdefault(event.market, Bucket()).merge(event)
                self._best_levels(event)

    async def run(self) -> None:
        """Send the collected book changes every 100 ms, those of slow streams every second."""
        count = 0
        while True:
            await asyncio.sleep(_STEP)
            count += 1
            self.flush_fast()
            if count % _STEPS_PER_SECOND == 0:
                self.flush_slow()

    def flush_fast(self) -> None:
        """Send what the 100 ms streams have collected."""
        collected, self._fast = self._fast, {}
        self._flush(collected, "@100ms")

    def flush_slow(self) -> None:
        """Send what the 1 s streams have collected."""
        collected, self._slow = self._slow, {}
        self._flush(collected, "")

    def _flush(self, collected: dict[str, Bucket], suffix: str) -> None:
        for symbol, bucket in collected.items():
            market = self._engine.markets[symbol]
            name = symbol.lower()
            stream = f"{name}@depth{suffix}"
            if self._hub.wanted(stream):
                event = {
                    "e": "depthUpdate",
                    "E": formats.milliseconds(self._clock.now()),
                    "s": symbol,
                    "U": bucket.first,
                    "u": bucket.last,
                    "b": levels_text(market, sorted(bucket.bids.items(), reverse=True)),
                    "a": levels_text(market, sorted(bucket.asks.items())),
                }
                self._publish(stream, event)
            for levels in _PARTIAL:
                stream = f"{name}@depth{levels}{suffix}"
                if self._hub.wanted(stream):
                    self._publish(stream, self._partial(market, levels))

    def _partial(self, market: Market, levels: int) -> dict[str, object]:
        last, bids, asks = self._engine.depth(market.symbol, levels=levels)
        return {"lastUpdateId": last, "bids": levels_text(market, bids), "asks": levels_text(market, asks)}

    def _trade(self, trade: Trade) -> None:
        stream = f"{trade.market.lower()}@trade"
        if not self._hub.wanted(stream):
            return
        market = self._engine.markets[trade.market]
        at = formats.milliseconds(trade.at)
        event = {
            "e": "trade",
            "E": at,
            "s": trade.market,
            "t": trade.trade_id,
            "p": formats.price(market, trade.price),
            "q": formats.quantity(market, trade.quantity),
            "T": at,
            "m": trade.taker_side is Side.SELL,
            "M": True,
        }
        self._publish(stream, event)

    def _best_levels(self, delta: BookDelta) -> None:
        stream = f"{delta.market.lower()}@bookTicker"
        if not self._hub.wanted(stream):
            self._best.pop(delta.market, None)
            return
        best = best_levels(self._engine.markets[delta.market])
        if best == self._best.get(delta.market):
            return
        self._best[delta.market] = best
        event = {
            "u": delta.last_update,
            "s": delta.market,
            "b": best["bidPrice"],
            "B": best["bidQty"],
            "a": best["askPrice"],
            "A": best["askQty"],
        }
        self._publish(stream, event)

    def _publish(self, stream: str, event: object) -> None:
        self._hub.publish(stream, self._encode(event).decode())
