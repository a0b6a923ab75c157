"""Placing, cancelling and querying orders."""

from __future__ import annotations

from enum import StrEnum

from indexmaker.exchange.commands import CancelAll, CancelOrder, PlaceOrder
from indexmaker.exchange.errors import OffGridError
from indexmaker.exchange.events import Accepted, Cancelled, Rejected
from indexmaker.exchange.markets import Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import (
    CancelRestriction,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.account import rate
from indexmaker.gateways.binance.errors import (
    ApiError,
    cancel_rejected,
    filter_failure,
    missing,
    missing_both,
    no_such_order,
    not_required,
    order_rejected,
)
from indexmaker.gateways.binance.operations import Call
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.symbols import DEFAULT_SELF_TRADE

__all__ = ["all_orders", "cancel", "cancel_open", "open_orders", "place", "query", "test"]

_LAST_ID = 2**63 - 1
_UNSUPPORTED = {
    "STOP_LOSS": "Stop loss orders are not supported for this symbol.",
    "STOP_LOSS_LIMIT": "Stop loss limit orders are not supported for this symbol.",
    "TAKE_PROFIT": "Take profit orders are not supported for this symbol.",
    "TAKE_PROFIT_LIMIT": "Take profit limit orders are not supported for this symbol.",
}
_NOT_TAKEN = {
    OrderType.LIMIT: ("quoteOrderQty", "stopPrice", "trailingDelta"),
    OrderType.LIMIT_MAKER: ("quoteOrderQty", "timeInForce", "stopPrice", "trailingDelta"),
    OrderType.MARKET: ("price", "timeInForce", "stopPrice", "trailingDelta"),
}


class _Reply(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


async def place(call: Call) -> object:
    """Enter an order; replies as `newOrderRespType` says."""
    venue = call.venue
    reply = _reply_type(call.parameters)
    command = _read_order(call)
    outputs = await venue.submit(command)
    answer = outputs[0]
    if isinstance(answer, Rejected):
        raise order_rejected(answer)
    if reply is _Reply.ACK:
        assert isinstance(answer, Accepted)
        return reports.acknowledged(answer)
    return reports.placed(venue.market(command.market), outputs, full=reply is _Reply.FULL)


async def test(call: Call) -> object:
    """Read an order and check its form without entering it."""
    _reply_type(call.parameters)
    command = _read_order(call)
    if call.parameters.boolean("computeCommissionRates", default=False):
        tier = call.venue.account(command.account).tier
        none = {"maker": formats.ZERO, "taker": formats.ZERO}
        return {
            "standardCommissionForOrder": {"maker": rate(tier.maker_ppm), "taker": rate(tier.taker_ppm)},
            "specialCommissionForOrder": none,
            "taxCommissionForOrder": none,
        }
    return {}


async def cancel(call: Call) -> object:
    """Take back one open order."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    order_id, client_order_id = _order_name(parameters)
    restriction = parameters.word(
        "cancelRestrictions", CancelRestriction, otherwise=ApiError(-1145, "Invalid cancelRestrictions")
    )
    command = CancelOrder(
        account=call.account,
        market=market.symbol,
        order_id=order_id,
        client_order_id=client_order_id,
        cancel_id=parameters.client_order_id("newClientOrderId") or venue.new_id("cancel"),
        restriction=restriction or CancelRestriction.NONE,
    )
    answer = (await venue.submit(command))[0]
    if isinstance(answer, Rejected):
        raise cancel_rejected(answer)
    assert isinstance(answer, Cancelled)
    return _cancelled(call, answer)


async def cancel_open(call: Call) -> object:
    """Take back all open orders of a symbol."""
    venue = call.venue
    market = venue.market(call.parameters.symbol())
    command = CancelAll(account=call.account, market=market.symbol, cancel_id=venue.new_id("cancel"))
    outputs = await venue.submit(command)
    if isinstance(outputs[0], Rejected):
        raise cancel_rejected(outputs[0])
    gone = [_cancelled(call, event) for event in outputs if isinstance(event, Cancelled)]
    if not gone:
        raise ApiError(-2011, "Unknown order sent.")
    return gone


async def query(call: Call) -> object:
    """One order, open or remembered."""
    market = call.venue.market(call.parameters.symbol())
    order_id, client_order_id = _order_name(call.parameters)
    engine = call.venue.engine
    by_name = engine.order_by_client_id(call.account, client_order_id)
    order = engine.order(order_id) if order_id else by_name
    if order is None or order.account.account != call.account or order.market is not market:
        raise no_such_order()
    if client_order_id and order.client_order_id != client_order_id:
        raise ApiError(-2039, "Client Order ID is not correct for this order ID.")
    return reports.open_order(order)


async def open_orders(call: Call) -> object:
    """Open orders of a symbol or of all."""
    symbol = call.venue.market(call.parameters.symbol()).symbol if "symbol" in call.parameters else ""
    return [reports.open_order(order) for order in call.venue.engine.open_orders(call.account, market=symbol)]


async def all_orders(call: Call) -> object:
    """Orders of a symbol from `orderId` on, or the newest."""
    parameters = call.parameters
    symbol = call.venue.market(parameters.symbol()).symbol
    limit = parameters.bounded("limit", default=500, largest=1000)
    first = parameters.integer("orderId")
    start, end = parameters.integer("startTime"), parameters.integer("endTime")
    orders: list[Order] = call.venue.engine.all_orders(call.account, market=symbol)
    if first is not None:
        chosen = [order for order in orders if order.order_id >= first][:limit]
    elif start is not None or end is not None:
        low, high = (start or 0) * 1_000_000, (end or _LAST_ID) * 1_000_000
        chosen = [order for order in orders if low <= order.accepted_at < high + 1_000_000][:limit]
    else:
        chosen = orders[-limit:]
    return [reports.open_order(order) for order in chosen]


def _cancelled(call: Call, event: Cancelled) -> dict[str, object]:
    order = call.venue.engine.order(event.order_id)
    if order is None:  # so many orders ended at once that this one is forgotten already
        return {"symbol": event.market, "orderId": event.order_id, "status": "CANCELED"}
    return reports.cancelled(order, event)


def _order_name(parameters: Parameters) -> tuple[int, str]:
    order_id = parameters.integer("orderId")
    client_order_id = parameters.optional("origClientOrderId")
    if order_id is None and client_order_id is None:
        raise missing_both("origClientOrderId", "orderId")
    return order_id or 0, client_order_id or ""


def _reply_type(parameters: Parameters) -> _Reply:
    chosen = parameters.word("newOrderRespType", _Reply, otherwise=ApiError(-1100, "Invalid newOrderRespType."))
    if chosen is not None:
        return chosen
    return _Reply.FULL if parameters.optional("type") in {"LIMIT", "MARKET"} else _Reply.ACK


def _read_order(call: Call) -> PlaceOrder:
    """The command of an order request; raises `ApiError` for whatever does not belong in one."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    side = parameters.word("side", Side, otherwise=ApiError(-1117, "Invalid side."))
    kind = _order_type(parameters)
    if side is None:
        raise missing("side")
    client_order_id = parameters.client_order_id("newClientOrderId") or venue.new_id("order")
    self_trade = _self_trade(parameters)
    time_in_force = parameters.word("timeInForce", TimeInForce, otherwise=ApiError(-1115, "Invalid timeInForce."))
    superfluous = parameters.first_sent(_NOT_TAKEN[kind])
    if superfluous is not None:
        raise not_required(superfluous)
    if kind is OrderType.LIMIT and time_in_force is None:
        raise missing("timeInForce")
    price, quantity, quote_amount = _sizes(parameters, market, kind)
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
    )


def _order_type(parameters: Parameters) -> OrderType:
    text = parameters.text("type")
    if text in _UNSUPPORTED:
        raise ApiError(-2010, _UNSUPPORTED[text])
    try:
        kind = OrderType(text)
    except ValueError:
        raise ApiError(-1116, "Invalid orderType.") from None
    if "icebergQty" in parameters:
        raise ApiError(-2010, "Iceberg orders are not supported for this symbol.")
    return kind


def _self_trade(parameters: Parameters) -> SelfTradePrevention:
    text = "This symbol does not allow the specified self-trade prevention mode."
    chosen = parameters.word("selfTradePreventionMode", SelfTradePrevention, otherwise=ApiError(-2010, text))
    return chosen or DEFAULT_SELF_TRADE


def _sizes(parameters: Parameters, market: Market, kind: OrderType) -> tuple[int, int, int]:
    """Price in ticks, quantity in lots, quote amount in atoms; 0 for what was not sent."""
    price, quantity = parameters.decimal("price"), parameters.decimal("quantity")
    budget = parameters.decimal("quoteOrderQty")
    if kind is OrderType.MARKET:
        if quantity is None and budget is None:
            raise missing_both("quantity", "quoteOrderQty")
        if quantity is not None and budget is not None:
            raise ApiError(-1128, "Combination of optional parameters invalid.")
    elif quantity is None:
        raise missing("quantity")
    elif price is None:
        raise missing("price")
    if price == 0:
        raise ApiError(-1013, "Invalid price.")
    if quantity == 0:
        raise ApiError(-1013, "Invalid quantity.")
    if budget == 0:
        raise ApiError(-1013, "Invalid quote order qty.")
    return (
        _ticks(market, price) if price else 0,
        _lots(market, quantity) if quantity else 0,
        market.quote.from_money(budget) if budget else 0,
    )


def _ticks(market: Market, price: int) -> int:
    try:
        return market.ticks(price)
    except OffGridError:
        raise filter_failure("PRICE_FILTER") from None


def _lots(market: Market, quantity: int) -> int:
    try:
        return market.lots(quantity)
    except OffGridError:
        raise filter_failure("LOT_SIZE") from None
