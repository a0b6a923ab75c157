"""The limits that orders must keep: those of a market, and those of an account on all markets together."""

from __future__ import annotations

import msgspec

__all__ = ["ExchangeLimits", "MarketFilters"]


class MarketFilters(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The limits of a market, in ticks, lots and quote atoms. A 0 switches the single limit off.

    Prices and quantities are on the grid by construction. `market_step` is a second grid, in lots, for market
    orders only. Percent-price multipliers apply to the average price of the last `average_minutes` (0: the last
    price): `up_ppm` and `down_ppm` to both sides, the others to one. `range_up_ppm` and `range_down_ppm` bound, by
    the same average, the prices at which an incoming order may trade; what would trade beyond expires.
    Trailing limits are in hundredths of a percent. `max_position` is in lots: what an account may own of the base
    asset, open buys included. `max_amends` counts per order, the other `max_` numbers per account.
    """

    min_price: int = 0
    max_price: int = 0
    min_quantity: int = 1
    max_quantity: int = 0
    market_min_quantity: int = 0
    market_max_quantity: int = 0
    market_step: int = 0
    min_notional: int = 0
    max_notional: int = 0
    min_notional_for_market: bool = True
    max_notional_for_market: bool = False
    bid_up_ppm: int = 0
    bid_down_ppm: int = 0
    ask_up_ppm: int = 0
    ask_down_ppm: int = 0
    average_minutes: int = 5
    max_orders: int = 0
    up_ppm: int = 0
    down_ppm: int = 0
    range_up_ppm: int = 0
    range_down_ppm: int = 0
    max_algo_orders: int = 0
    max_iceberg_orders: int = 0
    max_iceberg_parts: int = 0
    max_order_lists: int = 0
    max_amends: int = 0
    max_position: int = 0
    min_trailing_above: int = 0
    max_trailing_above: int = 0
    min_trailing_below: int = 0
    max_trailing_below: int = 0


class ExchangeLimits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one account may have open on all markets together. A 0 switches the single limit off."""

    max_orders: int = 0
    max_algo_orders: int = 0
    max_iceberg_orders: int = 0
    max_order_lists: int = 0
