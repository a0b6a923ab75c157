"""The limits of a market, checked on an order in ticks, lots and quote atoms; Binance's rules and names."""

from __future__ import annotations

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.commands import MarketFilters, PlaceOrder
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import PPM
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import OrderType, Side, TimeInForce

__all__ = ["Failure", "broken_filter"]

Failure = tuple[RejectCode, str]


def broken_filter(order: PlaceOrder, *, account: Account, market: Market, at: int) -> Failure | None:
    """The first filter that the order breaks, with a message, or None."""
    filters = market.filters
    if order.type is OrderType.MARKET:
        if order.quantity:
            return (
                _lot_size(order, market)
                or _market_lot_size(order, market)
                or _market_notional(order, market, filters, at)
            )
        return _quote_notional(order, market, filters)
    failure = (
        _price(order, market)
        or _percent_price(order, market, filters, at)
        or _lot_size(order, market)
        or _notional(order, market, filters)
    )
    may_rest = order.type is OrderType.LIMIT_MAKER or order.time_in_force is TimeInForce.GTC
    if failure is None and filters.max_orders and may_rest:
        count = account.open_counts.get(market.symbol, 0)
        if count >= filters.max_orders:
            return RejectCode.MAX_NUM_ORDERS, (
                f"{account.name} has {count} open orders on {market.symbol}, at most {filters.max_orders} may be; "
                "cancel one first"
            )
    return failure


def _price(order: PlaceOrder, market: Market) -> Failure | None:
    filters = market.filters
    if order.price < max(filters.min_price, 1) or (filters.max_price and order.price > filters.max_price):
        return RejectCode.PRICE_FILTER, (
            f"price of {order.price} ticks on {market.symbol} is outside {filters.min_price} to {filters.max_price}"
        )
    return None


def _percent_price(order: PlaceOrder, market: Market, filters: MarketFilters, at: int) -> Failure | None:
    if order.side is Side.BUY:
        up, down = filters.bid_up_ppm, filters.bid_down_ppm
    else:
        up, down = filters.ask_up_ppm, filters.ask_down_ppm
    if not (up or down):
        return None
    numerator, denominator = market.reference(at)
    scaled = order.price * denominator * PPM
    if denominator and ((up and scaled > numerator * up) or scaled < numerator * down):
        return RejectCode.PERCENT_PRICE_BY_SIDE, (
            f"price of {order.price} ticks on {market.symbol} is too far from the average of "
            f"{numerator // denominator}: {order.side} must be within {down} to {up} millionths of it"
        )
    return None


def _lot_size(order: PlaceOrder, market: Market) -> Failure | None:
    filters = market.filters
    low, high = max(filters.min_quantity, 1), filters.max_quantity
    if order.quantity < low or (high and order.quantity > high):
        return RejectCode.LOT_SIZE, (
            f"quantity of {order.quantity} lots on {market.symbol} is outside {low} to {high or 'any'}"
        )
    return None


def _market_lot_size(order: PlaceOrder, market: Market) -> Failure | None:
    filters = market.filters
    low, high, step = filters.market_min_quantity, filters.market_max_quantity, filters.market_step
    if order.quantity < low or (high and order.quantity > high) or (step and order.quantity % step):
        return RejectCode.MARKET_LOT_SIZE, (
            f"quantity of {order.quantity} lots for a market order on {market.symbol} is outside {low} to "
            f"{high or 'any'} or not a multiple of {max(step, 1)}"
        )
    return None


def _notional(order: PlaceOrder, market: Market, filters: MarketFilters) -> Failure | None:
    amount = order.price * order.quantity * market.quote_per_unit
    if amount < filters.min_notional or (filters.max_notional and amount > filters.max_notional):
        return _notional_failure(market, market.quote.to_decimal(amount))
    return None


def _market_notional(order: PlaceOrder, market: Market, filters: MarketFilters, at: int) -> Failure | None:
    numerator, denominator = market.reference(at)
    if not denominator:
        return None
    scaled = numerator * order.quantity * market.quote_per_unit
    too_small = filters.min_notional_for_market and scaled < filters.min_notional * denominator
    too_large = filters.max_notional_for_market and filters.max_notional and scaled > filters.max_notional * denominator
    if too_small or too_large:
        return _notional_failure(market, market.quote.to_decimal(scaled // denominator))
    return None


def _quote_notional(order: PlaceOrder, market: Market, filters: MarketFilters) -> Failure | None:
    amount = order.quote_amount
    too_small = filters.min_notional_for_market and amount < filters.min_notional
    too_large = filters.max_notional_for_market and filters.max_notional and amount > filters.max_notional
    if too_small or too_large:
        return _notional_failure(market, market.quote.to_decimal(amount))
    return None


def _notional_failure(market: Market, amount: str) -> Failure:
    filters, quote = market.filters, market.quote
    high = quote.to_decimal(filters.max_notional) if filters.max_notional else "any"
    return RejectCode.NOTIONAL, (
        f"price x quantity of {amount} {quote.symbol} on {market.symbol} is outside "
        f"{quote.to_decimal(filters.min_notional)} to {high}"
    )
