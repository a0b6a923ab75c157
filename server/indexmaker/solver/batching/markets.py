"""What a batch can use of each market: prices, and depth up to the impact limit less our own orders in
flight.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver.events import Book
from indexmaker.solver.vocabulary import Value

__all__ = ["AssetMarket", "Unusable", "read_market"]


class Unusable(Value, frozen=True, kw_only=True):
    """An asset that cannot be bought in this batch, and why."""

    asset: str
    reason: str


class AssetMarket(Value, frozen=True, kw_only=True):
    """One asset's market for this batch. `asks` are what is left after our own orders in flight, best first."""

    asset: str
    instrument: Instrument
    mid: int
    best: int
    asks: tuple[tuple[int, int], ...]

    def limit_price(self, impact: int) -> int:
        """The highest price on the tick grid within `impact` (a rate) of the best ask."""
        limit = mul_floor(self.best, ATOMS + impact)
        if self.instrument.max_price:
            limit = min(limit, self.instrument.max_price)
        return self.instrument.price_within(limit, buy=True)

    def depth(self, limit: int) -> int:
        """Quantity offered at `limit` or better that one order may take under the venue's maximums."""
        total = sum(quantity for price, quantity in self.asks if price <= limit)
        if self.instrument.max_quantity:
            total = min(total, self.instrument.max_quantity)
        if self.instrument.max_notional and limit:
            total = min(total, self.instrument.max_notional * ATOMS // limit)
        return total

    def price_for(self, quantity: int, *, slack: int, impact: int) -> int:
        """A limit price that reaches `quantity`: its deepest level plus `slack` (a rate), within the impact
        limit.
        """
        reached = 0
        deepest = self.best
        for price, offered in self.asks:
            deepest = price
            reached += offered
            if reached >= quantity:
                break
        wanted = self.instrument.price_within(mul_floor(deepest, ATOMS + slack), buy=True)
        return min(wanted, self.limit_price(impact))

    def net(self, gross: int) -> int:
        """What is left of a bought quantity after a commission in the bought asset, rounded down."""
        return gross * (ATOMS - self.instrument.taker_fee) // ATOMS

    def gross(self, net: int) -> int:
        """What to buy so that `net` is left after a commission in the bought asset, rounded up."""
        return -(-net * ATOMS // (ATOMS - self.instrument.taker_fee))

    def unit_cost(self, limit: int) -> int:
        """What a whole unit kept costs at most when bought at `limit`, commission included, rounded up."""
        return max(self.mid, -(-limit * ATOMS // (ATOMS - self.instrument.taker_fee)))

    def minimum(self, price: int) -> int:
        """The smallest quantity on the lot grid that the venue takes at `price`."""
        rules = self.instrument
        least = max(rules.min_quantity, rules.lot_step)
        if rules.min_notional:
            least = max(least, -(-rules.min_notional * ATOMS // price))
        return least + -least % rules.lot_step


def read_market(
    asset: str, *, instrument: Instrument | None, books: Mapping[str, Book], in_flight: int, max_age_ns: int
) -> AssetMarket | Unusable:
    """Judge a book: stale, gapped, halted, crossed and empty ones cannot be used."""
    if instrument is None:
        return Unusable(asset=asset, reason="no instrument")
    if not instrument.trading:
        return Unusable(asset=asset, reason="not trading")
    book = books.get(instrument.symbol)
    if book is None:
        return Unusable(asset=asset, reason="no book")
    if book.flags:
        return Unusable(asset=asset, reason=f"book {book.flags[0].lower()}")
    if book.age_ns > max_age_ns:
        return Unusable(asset=asset, reason="book stale")
    asks = tuple((price, quantity) for price, quantity in book.asks if price > 0 and quantity > 0)
    bids = tuple(price for price, quantity in book.bids if price > 0 and quantity > 0)
    if not asks:
        return Unusable(asset=asset, reason="no asks")
    if bids and bids[0] >= asks[0][0]:
        return Unusable(asset=asset, reason="book crossed")
    left = _without(asks, in_flight)
    if not left:
        return Unusable(asset=asset, reason="depth taken by orders in flight")
    best = asks[0][0]
    mid = (bids[0] + best) // 2 if bids else best
    return AssetMarket(asset=asset, instrument=instrument, mid=mid, best=best, asks=left)


def _without(asks: tuple[tuple[int, int], ...], quantity: int) -> tuple[tuple[int, int], ...]:
    left: list[tuple[int, int]] = []
    for price, offered in asks:
        taken = min(quantity, offered)
        quantity -= taken
        if offered > taken:
            left.append((price, offered - taken))
    return tuple(left)
