"""The price range of a market: how far from its average an incoming order may trade at once."""

from __future__ import annotations

from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import PPM

__all__ = ["range_limit"]


def range_limit(market: Market, price: int, *, buy: bool, at: int) -> tuple[int, bool]:
    """The worst price (ticks) at which an order with the limit `price` (0: none) may trade, and whether the range,
    not the limit, is what binds. Without a reference price there is no range.
    """
    filters = market.filters
    numerator, denominator = market.reference(at)
    if not denominator:
        return price, False
    if buy:
        if not filters.range_up_ppm:
            return price, False
        bound = max(numerator * filters.range_up_ppm // (denominator * PPM), 1)
        return (bound, True) if not price or price > bound else (price, False)
    bound = -(-numerator * filters.range_down_ppm // (denominator * PPM))
    return (bound, True) if bound > price else (price, False)
