"""Rolling 24-hour statistics per market, kept in one-minute steps so that their size does not grow with trading."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Trade
from indexmaker.exchange.markets import Market
from indexmaker.gateways.binance.venue import ExchangeCommitted

__all__ = ["Minute", "Tickers", "Window"]

_MINUTE = 60_000_000_000
_MINUTES = 1440


class Minute:
    """Trades of one minute: prices in ticks, volume in lots, value in ticks x lots."""

    __slots__ = ("close", "count", "first_id", "high", "last_id", "low", "number", "open", "value", "volume")

    def __init__(self, number: int, trade: Trade) -> None:
        self.number = number
        self.open = self.high = self.low = self.close = trade.price
        self.first_id = self.last_id = trade.trade_id
        self.volume = self.value = self.count = 0

    def add(self, trade: Trade) -> None:
        """Count a trade."""
        self.high = max(self.high, trade.price)
        self.low = min(self.low, trade.price)
        self.close = trade.price
        self.last_id = trade.trade_id
        self.volume += trade.quantity
        self.value += trade.price * trade.quantity
        self.count += 1


class Window:
    """The last 24 hours of one market."""

    __slots__ = ("minutes",)

    def __init__(self) -> None:
        self.minutes: deque[Minute] = deque()

    def add(self, trade: Trade) -> None:
        """Count a trade; trades come in order of time."""
        number = trade.at // _MINUTE
        if not self.minutes or self.minutes[-1].number != number:
            self.minutes.append(Minute(number, trade))
        self.minutes[-1].add(trade)
        self.trim(trade.at)

    def trim(self, at: int) -> None:
        """Forget what is older than 24 hours at `at` (UTC nanoseconds)."""
        oldest = at // _MINUTE - _MINUTES
        while self.minutes and self.minutes[0].number <= oldest:
            self.minutes.popleft()


class Tickers:
    """Windows of all markets. After a restart they hold the trades that the engine remembers."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}

    def load(self, engine: ExchangeEngine) -> None:
        """Start from the trades that the engine remembers."""
        markets: Mapping[str, Market] = engine.markets
        for symbol in markets:
            window = self._windows[symbol] = Window()
            for trade in engine.market_trades(symbol):
                window.add(trade)

    def observe(self, committed: ExchangeCommitted) -> None:
        """Count the trades of a committed command."""
        if committed.replayed:
            return
        for event in committed.outputs:
            if isinstance(event, Trade):
                self._windows.setdefault(event.market, Window()).add(event)

    def window(self, symbol: str, *, now: int) -> Window:
        """The last 24 hours of a market."""
        window = self._windows.setdefault(symbol, Window())
        window.trim(now)
        return window
