"""Order lists: OCO, OTO and OTOCO, placed, cancelled and queried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexmaker.exchange.commands import CancelList, PlaceList, PlaceOrder
from indexmaker.exchange.events import Accepted, Cancelled, ExchangeEvent, ListChanged, Rejected
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.vocabulary import ListKind, ListStatus
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.errors import ApiError, cancel_rejected, missing_both, order_rejected
from indexmaker.gateways.binance.operations import Call
from indexmaker.gateways.binance.order_requests import Names, read_order

__all__ = ["all_lists", "cancel", "contingency", "list_status", "oco", "open_lists", "oto", "otoco", "query"]

_LAST_ID = 2**63 - 1


async def oco(call: Call) -> object:
    """Two alternatives."""
    return await _place(call, None, (_leg(call, "above", "side", "quantity"), _leg(call, "below", "side", "quantity")))


async def oto(call: Call) -> object:
    """A working order and one that follows when it has filled."""
    return await _place(call, _working(call), (_leg(call, "pending", "pendingSide", "pendingQuantity"),))


async def otoco(call: Call) -> object:
    """A working order and two alternatives that follow when it has filled."""
    pending = [_leg(call, prefix, "pendingSide", "pendingQuantity") for prefix in ("pendingAbove", "pendingBelow")]
    return await _place(call, _working(call), tuple(pending))


async def cancel(call: Call) -> object:
    """Take back a whole list."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    list_id, client_list_id = parameters.integer("orderListId"), parameters.optional("listClientOrderId")
    if list_id is None and client_list_id is None:
        raise missing_both("orderListId", "listClientOrderId")
    command = CancelList(
        account=call.account,
        market=market.symbol,
        list_id=list_id or 0,
        client_list_id=client_list_id or "",
        cancel_id=parameters.client_order_id("newClientOrderId") or venue.new_id("cancel"),
    )
    outputs = await venue.submit(command)
    answer = outputs[0]
    if isinstance(answer, Rejected):
        raise cancel_rejected(answer)
    assert isinstance(answer, ListChanged)
    shown = list_status(answer)
    shown["orderReports"] = [
        reports.cancelled(order, event)
        for event in outputs
        if isinstance(event, Cancelled) and (order := venue.engine.order(event.order_id)) is not None
    ]
    return shown


async def query(call: Call) -> object:
    """One list, open or remembered, by its id or its client id."""
    parameters, engine = call.parameters, call.venue.engine
    list_id, name = parameters.integer("orderListId"), parameters.optional("origClientOrderId")
    if list_id is None and name is None:
        raise missing_both("orderListId", "origClientOrderId")
    for group in reversed(engine.order_lists(call.account)):
        if (list_id in (None, group.list_id)) and (name in (None, group.client_list_id)):
            return _shown(group)
    raise ApiError(-2018, "Order list does not exist.")


async def open_lists(call: Call) -> object:
    """Open lists."""
    return [_shown(group) for group in call.venue.engine.order_lists(call.account) if group.is_open]


async def all_lists(call: Call) -> object:
    """Lists from `fromId` on or in a time range, or the newest."""
    parameters = call.parameters
    limit = parameters.bounded("limit", default=500, largest=1000)
    first = parameters.integer("fromId")
    start, end = parameters.integer("startTime"), parameters.integer("endTime")
    groups: Iterable[OrderList] = call.venue.engine.order_lists(call.account)
    if first is not None:
        chosen = [group for group in groups if group.list_id >= first][:limit]
    elif start is not None or end is not None:
        low, high = (start or 0) * 1_000_000, (end or _LAST_ID) * 1_000_000
        chosen = [group for group in groups if low <= group.accepted_at < high + 1_000_000][:limit]
    else:
        chosen = list(groups)[-limit:]
    return [_shown(group) for group in chosen]


def list_status(event: ListChanged) -> dict[str, object]:
    """A list as replies to commands show it."""
    return {
        "orderListId": event.list_id,
        "contingencyType": contingency(event.kind),
        "listStatusType": str(event.status),
        "listOrderStatus": _order_status(event.status),
        "listClientOrderId": event.client_list_id,
        "transactionTime": formats.milliseconds(event.at),
        "symbol": event.market,
        "orders": _members(event.market, event.orders),
    }


def contingency(kind: ListKind) -> str:
    """An OTOCO is shown as the OTO that it begins with."""
    return "OCO" if kind is ListKind.OCO else "OTO"


def _order_status(status: ListStatus) -> str:
    return "ALL_DONE" if status is ListStatus.ALL_DONE else "EXECUTING"


def _members(symbol: str, members: Iterable[tuple[int, str]]) -> list[dict[str, object]]:
    return [{"symbol": symbol, "orderId": order_id, "clientOrderId": name} for order_id, name in members]


def _shown(group: OrderList) -> dict[str, object]:
    return {
        "orderListId": group.list_id,
        "contingencyType": contingency(group.kind),
        "listStatusType": "ALL_DONE" if group.status is ListStatus.ALL_DONE else "EXEC_STARTED",
        "listOrderStatus": _order_status(group.status),
        "listClientOrderId": group.client_list_id,
        "transactionTime": formats.milliseconds(group.updated_at),
        "symbol": group.market.symbol,
        "orders": _members(group.market.symbol, group.members),
    }


def _leg(call: Call, prefix: str, side: str, quantity: str) -> PlaceOrder:
    return read_order(call, Names(prefix, side, quantity, f"{prefix}ClientOrderId"))


def _working(call: Call) -> PlaceOrder:
    return _leg(call, "working", "workingSide", "workingQuantity")


async def _place(call: Call, working: PlaceOrder | None, orders: tuple[PlaceOrder, ...]) -> object:
    venue = call.venue
    market = venue.market(call.parameters.symbol())
    name = call.parameters.client_order_id("listClientOrderId") or venue.new_id("list")
    full = call.parameters.optional("newOrderRespType") == "FULL"
    command = PlaceList(account=call.account, market=market.symbol, client_list_id=name, orders=orders, working=working)
    outputs: Sequence[ExchangeEvent] = await venue.submit(command)
    answer = outputs[0]
    if isinstance(answer, Rejected):
        raise order_rejected(answer)
    assert isinstance(answer, ListChanged)
    shown = list_status(answer)
    shown["orderReports"] = [
        reports.placed_order(market, event, outputs, full=full) for event in outputs if isinstance(event, Accepted)
    ]
    return shown
