"""Reading orders from parameters: single ones, and those of lists, whose parameters carry a prefix."""

from __future__ import annotations

from typing import NamedTuple

from indexmaker.exchange.commands import PlaceOrder
from indexmaker.exchange.errors import OffGridError
from indexmaker.exchange.markets import Market
from indexmaker.exchange.vocabulary import OrderType, PegPrice, SelfTradePrevention, Side, TimeInForce
from indexmaker.gateways.binance.errors import (
    ApiError,
    filter_failure,
    illegal_characters,
    missing,
    missing_both,
    not_required,
)
from indexmaker.gateways.binance.operations import Call
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.symbols import DEFAULT_SELF_TRADE

__all__ = ["Names", "read_lots", "read_order", "single"]

_STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT})
_WITH_TIME = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_PEGS = {"PRIMARY_PEG": PegPrice.PRIMARY, "MARKET_PEG": PegPrice.MARKET}
_LARGEST_DELTA = 9_999


class Names(NamedTuple):
    """What the parameters of an order are called: `prefix` and the rest of the name, with some of their own."""

    prefix: str = ""
    side: str = "side"
    quantity: str = "quantity"
    client_order_id: str = "newClientOrderId"

    def of(self, name: str) -> str:
        """The name of a parameter that the prefix applies to."""
        return self.prefix + name[0].upper() + name[1:] if self.prefix else name


def single() -> Names:
    """The names of an order on its own."""
    return Names()


def read_order(call: Call, names: Names) -> PlaceOrder:
    """The command of an order request; raises `ApiError` for whatever does not belong in one."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    side = parameters.word(names.side, Side, otherwise=ApiError(-1117, "Invalid side."))
    kind = _order_type(parameters, names)
    if side is None:
        raise missing(names.side)
    client_order_id = parameters.client_order_id(names.client_order_id) or venue.new_id("order")
    self_trade = _self_trade(parameters)
    time_in_force = _time_in_force(parameters, names)
    superfluous = parameters.first_sent([names.of(name) for name in _not_taken(kind)])
    if superfluous is not None:
        raise not_required(superfluous)
    if kind in _WITH_TIME and time_in_force is None:
        raise missing(names.of("timeInForce"))
    peg, peg_offset = _peg(parameters, names)
    price, quantity, quote_amount = _sizes(parameters, market, kind, names, pegged=peg is not PegPrice.NONE)
    stop_price, trailing_delta = _stop(parameters, market, kind, names)
    iceberg = parameters.decimal(names.of("icebergQty"))
    return PlaceOrder(
        account=call.account,
        market=market.symbol,
        client_order_id=client_order_id,
        side=side,
        type=kind,
        time_in_force=time_in_force or TimeInForce.GTC,
        price=price,
        quantity=quantity,
        quote_amount=quote_amount,
        self_trade=self_trade,
        stop_price=stop_price,
        trailing_delta=trailing_delta,
        iceberg=read_lots(market, iceberg) if iceberg else 0,
        peg=peg,
        peg_offset=peg_offset,
    )


def read_lots(market: Market, quantity: int) -> int:
    """A quantity in lots; raises `ApiError` off the grid."""
    try:
        return market.lots(quantity)
    except OffGridError:
        raise filter_failure("LOT_SIZE") from None


def _not_taken(kind: OrderType) -> list[str]:
    names = [] if kind is OrderType.MARKET else ["quoteOrderQty"]
    if kind not in _STOPS:
        names += ["stopPrice", "trailingDelta"]
    if kind not in _WITH_TIME:
        names.append("timeInForce")
        if kind is not OrderType.LIMIT_MAKER:
            names += ["price", "icebergQty", "pegPriceType"]
    return names


def _order_type(parameters: Parameters, names: Names) -> OrderType:
    try:
        return OrderType(parameters.text(names.of("type")))
    except ValueError:
        raise ApiError(-1116, "Invalid orderType.") from None


def _time_in_force(parameters: Parameters, names: Names) -> TimeInForce | None:
    refusal = ApiError(-1115, "Invalid timeInForce.")
    chosen = parameters.word(names.of("timeInForce"), TimeInForce, otherwise=refusal)
    if chosen is TimeInForce.GTD:
        raise refusal
    return chosen


def _self_trade(parameters: Parameters) -> SelfTradePrevention:
    text = "This symbol does not allow the specified self-trade prevention mode."
    chosen = parameters.word("selfTradePreventionMode", SelfTradePrevention, otherwise=ApiError(-2010, text))
    return chosen or DEFAULT_SELF_TRADE


def _peg(parameters: Parameters, names: Names) -> tuple[PegPrice, int]:
    kind = parameters.optional(names.of("pegPriceType"))
    offset = parameters.integer(names.of("pegOffsetValue"))
    offset_type = parameters.optional(names.of("pegOffsetType"))
    if kind is None:
        if offset is not None or offset_type is not None:
            raise missing(names.of("pegPriceType"))
        return PegPrice.NONE, 0
    if kind not in _PEGS:
        raise ApiError(-1210, "Invalid pegPriceType.")
    if (offset is None) is not (offset_type is None) or offset_type not in {None, "PRICE_LEVEL"}:
        raise ApiError(-1211, "Invalid pegOffsetType or pegOffsetValue.")
    return _PEGS[kind], offset or 0


def _stop(parameters: Parameters, market: Market, kind: OrderType, names: Names) -> tuple[int, int]:
    """Stop price in ticks and trailing delta; 0 for what was not sent."""
    price, delta = parameters.decimal(names.of("stopPrice")), parameters.integer(names.of("trailingDelta"))
    if kind in _STOPS and price is None and delta is None:
        raise missing_both(names.of("stopPrice"), names.of("trailingDelta"))
    if price == 0:
        raise ApiError(-1013, "Invalid stopPrice.")
    if delta is not None and not 1 <= delta <= _LARGEST_DELTA:
        raise illegal_characters(names.of("trailingDelta"), f"1 to {_LARGEST_DELTA}")
    return _ticks(market, price) if price else 0, delta or 0


def _sizes(
    parameters: Parameters, market: Market, kind: OrderType, names: Names, *, pegged: bool
) -> tuple[int, int, int]:
    """Price in ticks, quantity in lots, quote amount in atoms; 0 for what was not sent."""
    price, quantity = parameters.decimal(names.of("price")), parameters.decimal(names.quantity)
    budget = parameters.decimal("quoteOrderQty") if kind is OrderType.MARKET and not names.prefix else None
    if kind is OrderType.MARKET and not names.prefix:
        if quantity is None and budget is None:
            raise missing_both("quantity", "quoteOrderQty")
        if quantity is not None and budget is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
    elif quantity is None:
        raise missing(names.quantity)
    elif price is None and not pegged and (kind in _WITH_TIME or kind is OrderType.LIMIT_MAKER):
        raise missing(names.of("price"))
    if pegged and price is not None:
        raise not_required(names.of("price"))
    if price == 0:
        raise ApiError(-1013, "Invalid price.")
    if quantity == 0:
        raise ApiError(-1013, "Invalid quantity.")
    if budget == 0:
        raise ApiError(-1013, "Invalid quote order qty.")
    return (
        _ticks(market, price) if price else 0,
        read_lots(market, quantity) if quantity else 0,
        market.quote.from_money(budget) if budget else 0,
    )


def _ticks(market: Market, price: int) -> int:
    try:
        return market.ticks(price)
    except OffGridError:
        raise filter_failure("PRICE_FILTER") from None
