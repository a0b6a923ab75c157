"""One followed instrument: its book, who listens, and whether it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker_binance.book import Book, BookSync, Difference
from indexmaker_binance.mailbox import Mailbox
from indexmaker_binance.market_messages import best_quote, book_snapshot, delta_event, status_event
from indexmaker_binance.stream_connection import StreamConnection

__all__ = ["Condition", "Followed"]

Condition = pb.InstrumentStatus.Condition

Best = tuple[tuple[int, int] | None, tuple[int, int] | None]


@dataclass(slots=True, kw_only=True)
class Followed:
    """State of one instrument; methods tell its listeners, none waits."""

    symbol: str
    connection: StreamConnection
    trading: bool
    sync: BookSync = field(default_factory=BookSync)
    listeners: list[Mailbox] = field(default_factory=list)
    generation: int = 0
    """Counts lost connections, so that a snapshot asked for before one is not used after it."""
    subscribed: bool = False
    asked: bool = False
    """A snapshot or check is on its way."""
    heard_at: int = 0
    condition: Condition.ValueType = Condition.CONDITION_GAP
    detail: str = "the first snapshot is on its way"
    best: Best = (None, None)

    def state(self, depth: int, *, now: int) -> Iterator[pb.MarketEvent]:
        """Everything about the instrument now."""
        condition = self.condition if self.trading else Condition.CONDITION_HALTED
        yield status_event(self.symbol, condition, self.detail, received_at=now)
        if self.sync.live:
            book, at = self.sync.book, self.heard_at
            yield book_snapshot(self.symbol, book, update_id=self.sync.update_id, depth=depth, received_at=at)
            yield best_quote(self.symbol, book, venue_at=0, received_at=at)

    def became_live(self) -> None:
        """The book was loaded: everybody is told all of it."""
        self.condition, self.detail = Condition.CONDITION_LIVE, ""
        self.best = _best(self.sync.book)
        for listener in self.listeners:
            listener.refresh(self.symbol)

    def moved(self, difference: Difference, *, now: int) -> None:
        """The book took a difference."""
        delta = delta_event(self.symbol, difference, received_at=now)
        cut: dict[int, pb.MarketEvent] = {0: delta}
        for listener in self.listeners:
            if listener.depth not in cut:
                cut[listener.depth] = book_snapshot(
                    self.symbol, self.sync.book, update_id=self.sync.update_id, depth=listener.depth, received_at=now
                )
            listener.put(cut[listener.depth])
        best = _best(self.sync.book)
        if best != self.best:
            self.best = best
            self.tell(best_quote(self.symbol, self.sync.book, venue_at=difference.venue_at, received_at=now))

    def judge(self, condition: Condition.ValueType, detail: str, *, now: int) -> None:
        """Set the condition and tell everybody when it changed."""
        if condition != self.condition:
            self.condition, self.detail = condition, detail
            if self.trading:
                self.tell(status_event(self.symbol, condition, detail, received_at=now))

    def confirmed(self, *, now: int) -> None:
        """A quiet book was found right: say so each time, since listeners judge a book by when it was heard of."""
        self.heard_at = now
        if self.condition == Condition.CONDITION_LIVE and self.trading:
            self.tell(status_event(self.symbol, Condition.CONDITION_LIVE, "", received_at=now))
        self.judge(Condition.CONDITION_LIVE, "", now=now)

    def tell(self, event: pb.MarketEvent) -> None:
        """Give an event to every listener."""
        for listener in self.listeners:
            listener.put(event)

    def disconnected(self, reason: str, *, now: int) -> None:
        """The connection that carried it is gone."""
        self.generation += 1
        self.subscribed = False
        self.sync.reset()
        self.judge(Condition.CONDITION_GAP, reason, now=now)


def _best(book: Book) -> Best:
    return book.best_bid(), book.best_ask()
