"""Changing orders: cancel-replace, and lowering the quantity in place."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.exchange.commands import AmendOrder, CancelOrder, CancelReplace
from indexmaker.exchange.events import Accepted, Amended, Cancelled, ExchangeEvent, Rejected, Replaced
from indexmaker.exchange.vocabulary import CancelRestriction, ReplaceMode, ReplaceResult
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.errors import (
    ApiError,
    amend_rejected,
    cancel_rejected,
    missing,
    missing_both,
    order_rejected,
)
from indexmaker.gateways.binance.operations import Call
from indexmaker.gateways.binance.order_requests import read_lots, read_order, single

__all__ = ["amend", "cancel_replace"]


async def cancel_replace(call: Call) -> object:
    """Cancel an order and place another on the same symbol."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    mode = parameters.word("cancelReplaceMode", ReplaceMode, otherwise=ApiError(-1146, "Invalid cancelReplaceMode."))
    if mode is None:
        raise missing("cancelReplaceMode")
    order_id, name = parameters.integer("cancelOrderId"), parameters.optional("cancelOrigClientOrderId")
    if order_id is None and name is None:
        raise missing_both("cancelOrigClientOrderId", "cancelOrderId")
    restriction = parameters.word(
        "cancelRestrictions", CancelRestriction, otherwise=ApiError(-1145, "Invalid cancelRestrictions")
    )
    cancel = CancelOrder(
        account=call.account,
        market=market.symbol,
        order_id=order_id or 0,
        client_order_id=name or "",
        cancel_id=parameters.client_order_id("cancelNewClientOrderId") or venue.new_id("cancel"),
        restriction=restriction or CancelRestriction.NONE,
    )
    outputs = await venue.submit(CancelReplace(cancel=cancel, place=read_order(call, single()), mode=mode))
    answer = outputs[0]
    if isinstance(answer, Rejected):
        raise order_rejected(answer)
    assert isinstance(answer, Replaced)
    data = {
        "cancelResult": str(answer.cancel),
        "newOrderResult": str(answer.place),
        "cancelResponse": _cancel_response(call, outputs),
        "newOrderResponse": _place_response(call, answer, outputs),
    }
    results = {answer.cancel, answer.place}
    if results == {ReplaceResult.SUCCESS}:
        return data
    if ReplaceResult.SUCCESS in results:
        raise ApiError(-2021, "Order cancel-replace partially failed.", status=409, data=data)
    raise ApiError(-2022, "Order cancel-replace failed.", data=data)


async def amend(call: Call) -> object:
    """Lower the quantity of an order, which keeps its priority."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    order_id, name = parameters.integer("orderId"), parameters.optional("origClientOrderId")
    if order_id is None and name is None:
        raise missing_both("origClientOrderId", "orderId")
    quantity = parameters.decimal("newQty")
    if quantity is None:
        raise missing("newQty")
    if quantity == 0:
        raise ApiError(-1013, "Invalid quantity.")
    command = AmendOrder(
        account=call.account,
        market=market.symbol,
        quantity=read_lots(market, quantity),
        order_id=order_id or 0,
        client_order_id=name or "",
        new_client_order_id=parameters.client_order_id("newClientOrderId") or venue.new_id("order"),
    )
    answer = (await venue.submit(command))[0]
    if isinstance(answer, Rejected):
        raise amend_rejected(answer)
    assert isinstance(answer, Amended)
    order = venue.engine.order(answer.order_id)
    assert order is not None, "an order that was just amended is remembered"
    shown = reports.open_order(order)
    return {
        "transactTime": formats.milliseconds(answer.at),
        "executionId": answer.order_id,
        "amendedOrder": {
            "symbol": answer.market,
            "orderId": answer.order_id,
            "orderListId": order.list_id or -1,
            "origClientOrderId": answer.old_client_order_id,
            "clientOrderId": answer.client_order_id,
            "price": shown["price"],
            "qty": formats.quantity(market, answer.quantity),
            "executedQty": formats.quantity(market, answer.executed),
            "preventedQty": formats.quantity(market, order.prevented),
            "quoteOrderQty": shown["origQuoteOrderQty"],
            "cumulativeQuoteQty": shown["cummulativeQuoteQty"],
            "status": shown["status"],
            "timeInForce": shown["timeInForce"],
            "type": shown["type"],
            "side": shown["side"],
            "workingTime": shown["workingTime"],
            "selfTradePreventionMode": shown["selfTradePreventionMode"],
        },
    }


def _cancel_response(call: Call, outputs: Sequence[ExchangeEvent]) -> dict[str, object] | None:
    for event in outputs:
        if isinstance(event, Cancelled):
            order = call.venue.engine.order(event.order_id)
            return None if order is None else reports.cancelled(order, event)
        if isinstance(event, Rejected):
            return _error(cancel_rejected(event))
    return None


def _place_response(call: Call, answer: Replaced, outputs: Sequence[ExchangeEvent]) -> dict[str, object] | None:
    if answer.place is ReplaceResult.NOT_ATTEMPTED:
        return None
    if answer.place is ReplaceResult.FAILURE:
        rejection = next(event for event in reversed(outputs) if isinstance(event, Rejected))
        return _error(order_rejected(rejection))
    accepted = next(event for event in outputs if isinstance(event, Accepted))
    if call.parameters.optional("newOrderRespType") == "ACK":
        return reports.acknowledged(accepted)
    market = call.venue.market(accepted.market)
    full = call.parameters.optional("newOrderRespType") != "RESULT"
    return reports.placed(market, outputs, full=full)


def _error(error: ApiError) -> dict[str, object]:
    return {"code": error.code, "msg": error.text}
