"""Placing, cancelling and querying orders."""

from __future__ import annotations

from enum import StrEnum

from indexmaker.exchange.commands import CancelAll, CancelOrder
from indexmaker.exchange.events import Accepted, Cancelled, Rejected
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import CancelRestriction
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.account import rate
from indexmaker.gateways.binance.errors import (
    ApiError,
    cancel_rejected,
    missing_both,
    no_such_order,
    order_rejected,
)
from indexmaker.gateways.binance.operations import Call
from indexmaker.gateways.binance.order_requests import read_order, single
from indexmaker.gateways.binance.parameters import Parameters

__all__ = ["all_orders", "cancel", "cancel_open", "open_orders", "place", "query", "test"]

_LAST_ID = 2**63 - 1


class _Reply(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


async def place(call: Call) -> object:
    """Enter an order; replies as `newOrderRespType` says."""
    venue = call.venue
    reply = _reply_type(call.parameters)
    command = read_order(call, single())
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
    command = read_order(call, single())
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
