"""A venue's book as the core sees it, built from snapshots and deltas; exact, and honest about its age."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.money import MoneyError, parse_atoms
from indexmaker.solver.events import Book
from indexmaker.solver.vocabulary import BookFlag

__all__ = ["LiveBook"]

_log = structlog.get_logger(__name__)

_FLAGS = {
    pb.InstrumentStatus.CONDITION_STALE: BookFlag.STALE,
    pb.InstrumentStatus.CONDITION_GAP: BookFlag.GAP,
    pb.InstrumentStatus.CONDITION_CROSSED: BookFlag.GAP,
    pb.InstrumentStatus.CONDITION_HALTED: BookFlag.HALTED,
}


class LiveBook:
    """Levels of one instrument in atoms. Starts as stale: nothing has been heard yet."""

    def __init__(self, venue: str, symbol: str) -> None:
        self._venue = venue
        self._symbol = symbol
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._flag: BookFlag | None = BookFlag.STALE
        self._heard_at = 0
        self._broken = False

    def apply(self, event: pb.MarketEvent) -> None:
        """Take in one market event of this instrument; after one that cannot be read only a snapshot is believed."""
        try:
            self._take(event)
        except MoneyError as error:
            self._broken = True
            _log.warning("level_unreadable", venue=self._venue, symbol=self._symbol, reason=str(error))

    def _take(self, event: pb.MarketEvent) -> None:
        body = event.WhichOneof("body")
        if body == "snapshot":
            self._bids, self._asks = _levels(event.snapshot.bids), _levels(event.snapshot.asks)
            self._flag = None
            self._broken = False
            self._heard_at = event.received_at
        elif body == "delta":
            _change(self._bids, event.delta.bids)
            _change(self._asks, event.delta.asks)
            self._heard_at = event.received_at
        elif body == "status":
            self._flag = _FLAGS.get(event.status.condition)
            if self._flag is None:
                self._heard_at = event.received_at

    def lose(self) -> None:
        """The stream is gone; what is known may be wrong until a snapshot comes."""
        self._flag = BookFlag.STALE

    def best_mid(self) -> int:
        """Mid price in atoms; 0 while a side is empty or the book is not to be trusted."""
        if self._flags() or not self._bids or not self._asks:
            return 0
        return (max(self._bids) + min(self._asks)) // 2

    def age(self, *, now: int) -> int:
        """Nanoseconds since the book was last heard of."""
        return max(0, now - self._heard_at)

    def freeze(self, *, now: int, depth: int) -> Book:
        """The best `depth` levels of each side as the solver journals them."""
        return Book(
            venue=self._venue,
            symbol=self._symbol,
            bids=tuple((price, self._bids[price]) for price in sorted(self._bids, reverse=True)[:depth]),
            asks=tuple((price, self._asks[price]) for price in sorted(self._asks)[:depth]),
            age_ns=self.age(now=now),
            flags=self._flags(),
        )

    def _flags(self) -> tuple[BookFlag, ...]:
        flag = BookFlag.GAP if self._broken else self._flag
        return () if flag is None else (flag,)


def _levels(levels: Iterable[pb.Level]) -> dict[int, int]:
    return {parse_atoms(level.price): parse_atoms(level.quantity) for level in levels}


def _change(side: dict[int, int], levels: Iterable[pb.Level]) -> None:
    for level in levels:
        price, quantity = parse_atoms(level.price), parse_atoms(level.quantity)
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
