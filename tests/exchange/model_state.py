"""What the slow model knows, and its balances, recounted from the beginning each time."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from exchange.model_orders import ModelList, ModelOrder
from indexmaker.exchange.vocabulary import (
    MarketStatus,
    OrderStatus,
)


class ModelState:
    """One market and its accounts; `seeds` are (base, quote) atoms per account."""

    def __init__(
        self,
        seeds: dict[int, tuple[int, int]],
        *,
        lot: int,
        unit: int,
        maker_ppm: int,
        taker_ppm: int,
        groups: dict[int, int] | None = None,
    ) -> None:
        self.seeds = seeds
        self.lot = lot
        self.unit = unit
        self.rates = {"maker": maker_ppm, "taker": taker_ppm}
        self.traders = {account: -(groups or {}).get(account, 0) or account for account in seeds}
        self.orders: list[ModelOrder] = []
        self.lists: list[ModelList] = []
        self.status = MarketStatus.OPEN
        self.auction_ends_at = 0
        self.last_price = 0
        self.rank = 0
        self.prevented = 0
        self.prices: list[int] = []
        self.history: list[tuple[int, int, int]] = []
        """(second, price, lots) of every trade."""
        self.turns: list[ModelOrder] = []
        self.log: list[tuple[object, ...]] = []
        self.at = 0

    def book(self, *, buy: bool) -> list[ModelOrder]:
        """Resting orders of a side in priority."""
        side = [order for order in self.orders if order.open and order.rank and order.buy is buy]
        return sorted(side, key=lambda order: (-order.price if buy else order.price, order.rank))

    def levels(self, *, buy: bool) -> list[tuple[int, int]]:
        totals: dict[int, int] = {}
        for order in self.book(buy=buy):
            totals[order.price] = totals.get(order.price, 0) + order.shown
        return list(totals.items())

    def balances(self, account: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """((base available, held), (quote available, held)), recounted from the beginning."""
        base, quote = self.seeds[account]
        base_held = quote_held = 0
        for order in self.orders:
            if order.account != account:
                continue
            sign = 1 if order.buy else -1
            base += sign * sum(lots for _, lots, _ in order.fills) * self.lot
            quote -= sign * sum(price * lots for price, lots, _ in order.fills) * self.unit
            fees = sum(self._fee(order, role) for role in self.rates)
            base, quote = (base - fees, quote) if order.buy else (base, quote - fees)
            held = self._held(order)
            if order.buy:
                quote_held += held
            else:
                base_held += held
        return (base - base_held, base_held), (quote - quote_held, quote_held)

    def _held(self, order: ModelOrder) -> int:
        """What an open order holds; of two alternatives the first holds what the dearer needs."""
        if not order.open or order.status is OrderStatus.PENDING_NEW:
            return 0
        if order.group and order in order.group.legs:
            open_legs = [leg for leg in order.group.legs if leg.open]
            return max(self._cost(leg) for leg in open_legs) if order is open_legs[0] else 0
        return self._cost(order)

    def _cost(self, order: ModelOrder) -> int:
        if not order.buy:
            return order.remaining * self.lot
        return (order.price or order.cover) * order.remaining * self.unit

    def _fee(self, order: ModelOrder, role: str) -> int:
        """All fees of an order in a role: the exact fee on everything received, rounded up once."""
        received = 0
        for price, lots, fill_role in order.fills:
            if fill_role == role:
                received += lots * self.lot if order.buy else price * lots * self.unit
        return ceil(Fraction(received * self.rates[role], 1_000_000))

    def _available(self, order: ModelOrder) -> int:
        (base, _), (quote, _) = self.balances(order.account)
        return quote if order.buy else base
