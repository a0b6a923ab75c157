"""What a batch can use of each market: prices, and depth up to the impact limit less our own orders in
flight. One market is one instrument of one venue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver.events import Book
from indexmaker.solver.vocabulary import Side, Value

__all__ = ["AssetMarket", "Levels", "Unusable", "read_market"]

Levels = tuple[tuple[int, int], ...]
"""Price and quantity, best first."""


class Unusable(Value, frozen=True, kw_only=True):
    """An asset that cannot be traded on a venue in this batch, and why."""

    asset: str
    reason: str


class AssetMarket(Value, frozen=True, kw_only=True):
    """One asset on one venue for this batch. The levels are what is left after our own orders in flight.

    One side may be empty; then the market serves the other side only, and `mid` is its best price.
    """

    asset: str
    instrument: Instrument
    mid: int
    asks: Levels = ()
    bids: Levels = ()

    @property
    def venue(self) -> str:
        """Where it is."""
        return self.instrument.venue

    def levels(self, side: Side) -> Levels:
        """What an order of this side meets."""
        return self.asks if side is Side.BUY else self.bids

    def best(self, side: Side) -> int:
        """The first price that an order of this side meets; 0 without one."""
        levels = self.levels(side)
        return levels[0][0] if levels else 0

    def limit_price(self, side: Side, impact: int, *, best: int = 0) -> int:
        """The worst price on the tick grid within `impact` (a rate) of the best price (here, or `best` elsewhere)."""
        best = best or self.best(side)
        rules = self.instrument
        if side is Side.BUY:
            limit = mul_floor(best, ATOMS + impact)
            limit = min(limit, rules.max_price) if rules.max_price else limit
        else:
            limit = max(mul_ceil(best, ATOMS - impact), rules.min_price, rules.tick_size)
        return rules.price_within(limit, buy=side is Side.BUY)

    def depth(self, side: Side, limit: int) -> int:
        """Quantity at `limit` or better that one order may take under the venue's maximums."""
        total = sum(quantity for price, quantity in self.levels(side) if _within(price, limit, side))
        rules = self.instrument
        if rules.max_quantity:
            total = min(total, rules.max_quantity)
        if rules.max_notional and limit:
            total = min(total, rules.max_notional * ATOMS // limit)
        return total

    def price_for(self, side: Side, quantity: int, *, slack: int, within: int) -> int:
        """A limit price that reaches `quantity`: its deepest level plus `slack` (a rate), no worse than `within`."""
        reached = 0
        deepest = self.best(side)
        for price, offered in self.levels(side):
            deepest = price
            reached += offered
            if reached >= quantity:
                break
        if side is Side.BUY:
            return min(self.instrument.price_within(mul_floor(deepest, ATOMS + slack), buy=True), within)
        return max(self.instrument.price_within(mul_ceil(deepest, ATOMS - slack), buy=False), within)

    def net(self, gross: int) -> int:
        """What is left of a bought quantity after a commission in the bought asset, rounded down."""
        return gross * (ATOMS - self.instrument.taker_fee) // ATOMS

    def gross(self, net: int) -> int:
        """What to buy so that `net` is left after a commission in the bought asset, rounded up."""
        return -(-net * ATOMS // (ATOMS - self.instrument.taker_fee))

    def after_fee(self, side: Side, price: int) -> int:
        """What a whole unit kept costs when bought at `price` (rounded up), or brings when sold (rounded down)."""
        if side is Side.BUY:
            return -(-price * ATOMS // (ATOMS - self.instrument.taker_fee))
        return mul_floor(price, ATOMS - self.instrument.taker_fee)

    def minimum(self, price: int) -> int:
        """The smallest quantity on the lot grid that the venue takes at `price`."""
        rules = self.instrument
        least = max(rules.min_quantity, rules.lot_step)
        if rules.min_notional:
            least = max(least, -(-rules.min_notional * ATOMS // price))
        return least + -least % rules.lot_step


def _within(price: int, limit: int, side: Side) -> bool:
    return price <= limit if side is Side.BUY else price >= limit


def read_market(
    asset: str,
    *,
    instrument: Instrument,
    book: Book | None,
    in_flight: Mapping[Side, int],
    max_age_ns: int,
) -> AssetMarket | Unusable:
    """Judge a book: stale, gapped, halted, crossed and empty ones cannot be used."""
    if not instrument.trading:
        return Unusable(asset=asset, reason="not trading")
    if book is None:
        return Unusable(asset=asset, reason="no book")
    if book.flags:
        return Unusable(asset=asset, reason=f"book {book.flags[0].lower()}")
    if book.age_ns > max_age_ns:
        return Unusable(asset=asset, reason="book stale")
    asks, bids = _real(book.asks), _real(book.bids)
    if not asks and not bids:
        return Unusable(asset=asset, reason="no asks and no bids")
    if asks and bids and bids[0][0] >= asks[0][0]:
        return Unusable(asset=asset, reason="book crossed")
    ends = [levels[0][0] for levels in (asks, bids) if levels]
    asks_left = _without(asks, in_flight.get(Side.BUY, 0))
    bids_left = _without(bids, in_flight.get(Side.SELL, 0))
    if not asks_left and not bids_left:
        return Unusable(asset=asset, reason="depth taken by orders in flight")
    return AssetMarket(asset=asset, instrument=instrument, mid=sum(ends) // len(ends), asks=asks_left, bids=bids_left)


def _real(levels: Iterable[tuple[int, int]]) -> Levels:
    return tuple((price, quantity) for price, quantity in levels if price > 0 and quantity > 0)


def _without(levels: Levels, quantity: int) -> Levels:
    left: list[tuple[int, int]] = []
    for price, offered in levels:
        taken = min(quantity, offered)
        quantity -= taken
        if offered > taken:
            left.append((price, offered - taken))
    return tuple(left)
