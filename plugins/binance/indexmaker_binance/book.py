"""One book kept in step with the venue: a snapshot plus numbered differences. Pure; prices and quantities in atoms.

The rules: keep differences while the snapshot is fetched; a snapshot older than the first kept difference is
useless; differences that the snapshot covers are dropped; the first applied one must continue the snapshot and each
further one must continue the one before. Anything else means that updates are missing, and the book starts anew.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

__all__ = [
    "Applied",
    "Book",
    "BookSync",
    "Crossed",
    "Difference",
    "Gap",
    "Ignored",
    "Kept",
    "Levels",
    "Outcome",
    "Snapshot",
]

Levels = tuple[tuple[int, int], ...]
"""Pairs of price and quantity; a quantity of 0 removes the level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed between two update ids, both included."""

    first: int
    last: int
    bids: Levels
    asks: Levels
    venue_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole book (as deep as asked for) at one update id."""

    update_id: int
    bids: Levels
    asks: Levels


@dataclass(frozen=True, slots=True)
class Kept:
    """The difference waits for a snapshot."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Everything in it is already in the book."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The book moved to `update_id`."""

    update_id: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Updates from `expected` to before `found` are missing; the book is empty and waits for a snapshot."""

    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class Crossed:
    """Best bid is not below best ask; the book is empty and waits for a snapshot."""

    bid: int
    ask: int


Outcome = Kept | Ignored | Applied | Gap | Crossed


class Book:
    """Levels by price. The best ones are remembered, as they are asked for after every change."""

    __slots__ = ("_best_ask", "_best_bid", "asks", "bids")

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self._best_bid: int | None = None
        self._best_ask: int | None = None

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Replace or remove levels."""
        for price, quantity in bids:
            if quantity:
                self.bids[price] = quantity
                if self._best_bid is not None and price > self._best_bid:
                    self._best_bid = price
            elif self.bids.pop(price, None) is not None and price == self._best_bid:
                self._best_bid = None
        for price, quantity in asks:
            if quantity:
                self.asks[price] = quantity
                if self._best_ask is not None and price < self._best_ask:
                    self._best_ask = price
            elif self.asks.pop(price, None) is not None and price == self._best_ask:
                self._best_ask = None

    def best_bid(self) -> tuple[int, int] | None:
        """Highest bid and its quantity."""
        if self._best_bid is None:
            self._best_bid = max(self.bids, default=None)
        return None if self._best_bid is None else (self._best_bid, self.bids[self._best_bid])

    def best_ask(self) -> tuple[int, int] | None:
        """Lowest ask and its quantity."""
        if self._best_ask is None:
            self._best_ask = min(self.asks, default=None)
        return None if self._best_ask is None else (self._best_ask, self.asks[self._best_ask])

    def sorted_bids(self, depth: int = 0) -> Levels:
        """Bids, best first; at most `depth` of them unless it is 0."""
        levels = sorted(self.bids.items(), reverse=True)
        return tuple(levels[:depth] if depth else levels)

    def sorted_asks(self, depth: int = 0) -> Levels:
        """Asks, best first; at most `depth` of them unless it is 0."""
        levels = sorted(self.asks.items())
        return tuple(levels[:depth] if depth else levels)


class BookSync:
    """Keeps a `Book` exact; `live` says whether it can be trusted."""

    def __init__(self, *, keep: int = 10_000) -> None:
        """`keep` bounds the differences that wait for a snapshot; when more come, the oldest are let go."""
        self.book = Book()
        self.update_id = 0
        self.live = False
        self._waiting: deque[Difference] = deque(maxlen=keep)

    @property
    def first_waiting(self) -> int | None:
        """First update id among the differences that wait for a snapshot."""
        return self._waiting[0].first if self._waiting else None

    def receive(self, difference: Difference) -> Outcome:
        """Take the next difference of the stream."""
        if not self.live:
            self._waiting.append(difference)
            return Kept()
        outcome = self._follow(difference)
        if isinstance(outcome, Gap):
            self.reset()
            self._waiting.append(difference)
        return outcome

    def load(self, snapshot: Snapshot) -> Outcome:
        """Take a snapshot and all differences that wait.

        `Gap` means that the snapshot cannot be joined to what waits: fetch another one. Waiting differences are kept.
        """
        first = self.first_waiting
        if first is not None and snapshot.update_id < first - 1:
            return Gap(expected=snapshot.update_id + 1, found=first)
        waiting = tuple(self._waiting)
        self.reset()
        self.book.apply(snapshot.bids, snapshot.asks)
        self.update_id, self.live = snapshot.update_id, True
        for index, difference in enumerate(waiting):
            outcome = self._follow(difference)
            if isinstance(outcome, Gap):
                self.reset()
                self._waiting.extend(waiting[index:])
                return outcome
        return self._uncrossed()

    def verify(self, snapshot: Snapshot) -> bool:
        """Whether a fresh snapshot shows that no update is missing (it is not ahead of the book)."""
        return self.live and snapshot.update_id <= self.update_id

    def reset(self) -> None:
        """Forget everything and wait for a snapshot."""
        self.book = Book()
        self.update_id = 0
        self.live = False
        self._waiting.clear()

    def _follow(self, difference: Difference) -> Outcome:
        if difference.last <= self.update_id:
            return Ignored()
        if difference.first > self.update_id + 1:
            return Gap(expected=self.update_id + 1, found=difference.first)
        self.book.apply(difference.bids, difference.asks)
        self.update_id = difference.last
        return self._uncrossed()

    def _uncrossed(self) -> Outcome:
        bid, ask = self.book.best_bid(), self.book.best_ask()
        if bid and ask and bid[0] >= ask[0]:
            self.reset()
            return Crossed(bid=bid[0], ask=ask[0])
        return Applied(self.update_id)
