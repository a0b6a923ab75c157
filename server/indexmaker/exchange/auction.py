"""The call auction: orders are collected, may cross, and trade at one price when the market opens.

The price is the one that trades most; among those the one that leaves least over; among those the highest when only
buyers are left over and the lowest when only sellers are; among those the nearest to the reference, the lower of two.
Orders trade in price-time priority, hidden lots too. Self-trade prevention, a rule for takers, does not apply.
"""

from __future__ import annotations

from typing import NamedTuple

from indexmaker.exchange import endings
from indexmaker.exchange.core import Core
from indexmaker.exchange.markets import Market
from indexmaker.exchange.matching import fill, trade
from indexmaker.exchange.orders import Order

__all__ = ["Clearing", "clearing", "market_clearing", "uncross"]


class Clearing(NamedTuple):
    """A price in ticks (0: nothing crosses), the lots that trade at it, and the surplus bought (+) or sold (-)."""

    price: int
    quantity: int
    surplus: int


def clearing(bids: list[tuple[int, int]], asks: list[tuple[int, int]], *, reference: int) -> Clearing:
    """Where (price, lots) pairs, best first, clear; `reference` 0 stands for the lowest price."""
    if not bids or not asks or bids[0][0] < asks[0][0]:
        return Clearing(0, 0, 0)
    low, high = asks[0][0], bids[0][0]
    # What would trade changes just above a bid and just below an ask only, so that no price in between is better.
    prices = {min(max(reference, low), high)}
    prices.update(limit + step for limit, _ in bids for step in (0, 1))
    prices.update(limit - step for limit, _ in asks for step in (0, 1))
    candidates = [_at(price, bids, asks) for price in sorted(prices) if low <= price <= high]
    most = max(one.quantity for one in candidates)
    candidates = [one for one in candidates if one.quantity == most]
    least = min(abs(one.surplus) for one in candidates)
    candidates = [one for one in candidates if abs(one.surplus) == least]
    if all(one.surplus > 0 for one in candidates):
        return candidates[-1]
    if all(one.surplus < 0 for one in candidates):
        return candidates[0]
    return min(candidates, key=lambda one: abs(one.price - reference))


def market_clearing(market: Market, *, at: int) -> Clearing:
    """Where a market would clear now."""
    numerator, denominator = market.reference(at)
    reference = numerator // denominator if denominator else 0
    book = market.book
    return clearing(_totals(book.bids.orders()), _totals(book.asks.orders()), reference=reference)


def uncross(core: Core, market: Market) -> None:
    """Let all orders trade that cross, at one price."""
    price, left, _ = market_clearing(market, at=core.at)
    if not left:
        return
    core.dirty_markets.append(market)
    book = market.book
    bids, asks = iter(book.bids.orders()), iter(book.asks.orders())
    bid, ask = next(bids), next(asks)
    while left:
        lots = min(bid.remaining, ask.remaining, left)
        left -= lots
        for order in (bid, ask):
            if order.group is not None:
                endings.taken(core, order)
        book.bids.cut(bid, lots)
        book.asks.cut(ask, lots)
        older, younger = (bid, ask) if bid.order_id < ask.order_id else (ask, bid)
        trade(core, older, younger, price=price, quantity=lots, auction=True)
        if not younger.remaining:
            fill(core, younger)
        if left:
            bid = bid if bid.remaining else next(bids)
            ask = ask if ask.remaining else next(asks)


def _at(price: int, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Clearing:
    bought = sum(lots for limit, lots in bids if limit >= price)
    sold = sum(lots for limit, lots in asks if limit <= price)
    return Clearing(price, min(bought, sold), bought - sold)


def _totals(orders: list[Order]) -> list[tuple[int, int]]:
    totals: dict[int, int] = {}
    for order in orders:
        totals[order.price] = totals.get(order.price, 0) + order.remaining
    return list(totals.items())
