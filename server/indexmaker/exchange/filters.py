"""The limits of a market, checked on an order in ticks, lots and quote atoms; Binance's rules and names."""

from __future__ import annotations

from indexmaker.exchange.frequent_words import BUY, LIMIT, LIMIT_MAKER, MARKET, NO_PEG
from indexmaker.exchange.limits import MarketFilters
from indexmaker.exchange.markets import Market
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.orders import PPM
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import OrderType

__all__ = ["Failure", "broken_filter", "has_limit", "trails_above", "waits"]

Failure = tuple[RejectCode, str]
_WITH_LIMIT = (LIMIT, LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)


def waits(kind: OrderType) -> bool:
    """Whether orders of a type wait for a price."""
    return kind is not LIMIT and kind is not MARKET and kind is not LIMIT_MAKER


def has_limit(kind: OrderType) -> bool:
    """Whether orders of a type have a limit price."""
    return any(kind is one for one in _WITH_LIMIT)


def trails_above(order: PlaceOrder) -> bool:
    """Whether an order of the stop kinds waits for prices from below: to buy back a loss or to sell a gain."""
    loss = order.type is OrderType.STOP_LOSS or order.type is OrderType.STOP_LOSS_LIMIT
    return loss is (order.side is BUY)


def broken_filter(order: PlaceOrder, *, market: Market, price: int, quantity: int, at: int) -> Failure | None:
    """The first filter that an order of `quantity` lots at `price` ticks (0: none, or not yet known) breaks, if any."""
    filters = market.filters
    kind = order.type
    if kind is LIMIT or kind is LIMIT_MAKER:
        failure = _price(price, market) if order.peg is NO_PEG or price else None
    elif order.quote_amount:
        return _quote_notional(order, market, filters)
    else:
        failure = _stop(order, price, market, filters)
    if price:
        failure = (
            failure
            or _percent_price(order, price, market, filters, at)
            or _lot_size(quantity, market)
            or _notional(price, quantity, market, filters)
        )
    else:
        failure = failure or _lot_size(quantity, market)
        if order.peg is NO_PEG:
            failure = failure or _market_lot_size(quantity, market) or _market_notional(quantity, market, filters, at)
    if order.iceberg:
        failure = failure or _iceberg(order, quantity, market, filters)
    return failure


def _stop(order: PlaceOrder, price: int, market: Market, filters: MarketFilters) -> Failure | None:
    """Prices of an order of the stop kinds, or of a market order, which has none."""
    failure = None
    if order.stop_price:
        failure = _price(order.stop_price, market)
    if price:
        failure = failure or _price(price, market)
    elif has_limit(order.type) and order.peg is NO_PEG:
        failure = failure or _price(0, market)
    if order.trailing_delta and failure is None:
        above = trails_above(order)
        low = filters.min_trailing_above if above else filters.min_trailing_below
        high = filters.max_trailing_above if above else filters.max_trailing_below
        if order.trailing_delta < low or (high and order.trailing_delta > high):
            return RejectCode.TRAILING_DELTA, (
                f"trailing delta of {order.trailing_delta} on {market.symbol} is outside {low} to {high or 'any'}"
            )
    return failure


def _iceberg(order: PlaceOrder, quantity: int, market: Market, filters: MarketFilters) -> Failure | None:
    most = filters.max_iceberg_parts
    if most and -(-quantity // order.iceberg) > most:
        return RejectCode.ICEBERG_PARTS, (
            f"{quantity} lots in slices of {order.iceberg} on {market.symbol} are more than {most} parts"
        )
    return _lot_size(order.iceberg, market)


def _price(price: int, market: Market) -> Failure | None:
    filters = market.filters
    if price < max(filters.min_price, 1) or (filters.max_price and price > filters.max_price):
        return RejectCode.PRICE_FILTER, (
            f"price of {price} ticks on {market.symbol} is outside {filters.min_price} to {filters.max_price}"
        )
    return None


def _percent_price(order: PlaceOrder, price: int, market: Market, filters: MarketFilters, at: int) -> Failure | None:
    if order.side is BUY:
        up, down = filters.bid_up_ppm, filters.bid_down_ppm
    else:
        up, down = filters.ask_up_ppm, filters.ask_down_ppm
    if not (up or down or filters.up_ppm or filters.down_ppm):
        return None
    numerator, denominator = market.reference(at)
    if not denominator:
        return None
    scaled = price * denominator * PPM
    code = None
    if (filters.up_ppm and scaled > numerator * filters.up_ppm) or scaled < numerator * filters.down_ppm:
        code, up, down = RejectCode.PERCENT_PRICE, filters.up_ppm, filters.down_ppm
    elif (up and scaled > numerator * up) or scaled < numerator * down:
        code = RejectCode.PERCENT_PRICE_BY_SIDE
    if code is None:
        return None
    return code, (
        f"price of {price} ticks on {market.symbol} is too far from the average of "
        f"{numerator // denominator}: {order.side} must be within {down} to {up} millionths of it"
    )


def _lot_size(quantity: int, market: Market) -> Failure | None:
    filters = market.filters
    low, high = max(filters.min_quantity, 1), filters.max_quantity
    if quantity < low or (high and quantity > high):
        return RejectCode.LOT_SIZE, (
            f"quantity of {quantity} lots on {market.symbol} is outside {low} to {high or 'any'}"
        )
    return None


def _market_lot_size(quantity: int, market: Market) -> Failure | None:
    filters = market.filters
    low, high, step = filters.market_min_quantity, filters.market_max_quantity, filters.market_step
    if quantity < low or (high and quantity > high) or (step and quantity % step):
        return RejectCode.MARKET_LOT_SIZE, (
            f"quantity of {quantity} lots for a market order on {market.symbol} is outside {low} to "
            f"{high or 'any'} or not a multiple of {max(step, 1)}"
        )
    return None


def _notional(price: int, quantity: int, market: Market, filters: MarketFilters) -> Failure | None:
    amount = price * quantity * market.quote_per_unit
    if amount < filters.min_notional or (filters.max_notional and amount > filters.max_notional):
        return _notional_failure(market, market.quote.to_decimal(amount))
    return None


def _market_notional(quantity: int, market: Market, filters: MarketFilters, at: int) -> Failure | None:
    numerator, denominator = market.reference(at)
    if not denominator:
        return None
    scaled = numerator * quantity * market.quote_per_unit
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
