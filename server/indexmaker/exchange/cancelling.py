"""Taking orders back: one, a list, all of an account; and replacing one by another."""

from __future__ import annotations

from indexmaker.exchange import endings
from indexmaker.exchange.accounts import Account
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import CancelledAll, Replaced
from indexmaker.exchange.filters import Failure
from indexmaker.exchange.frequent_words import CLIENT, HALTED, NEW, ONLY_NEW, ONLY_PARTIALLY_FILLED, PARTIALLY_FILLED
from indexmaker.exchange.markets import Market
from indexmaker.exchange.order_commands import (
    AmendOrder,
    CancelAll,
    CancelList,
    CancelOrder,
    CancelReplace,
    PlaceOrder,
)
from indexmaker.exchange.order_form import malformed
from indexmaker.exchange.orders import Order
from indexmaker.exchange.placing import closed_door, duplicate, limits_failure, refuse_place, submit
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    CancelReason,
    CancelRestriction,
    ReplaceMode,
    ReplaceResult,
)

__all__ = ["cancel_all", "cancel_list", "cancel_order", "cancel_replace", "find_open"]


def cancel_order(core: Core, command: CancelOrder) -> None:
    """Take back one open order."""
    order, failure = find_cancellable(core, command)
    if order is None or failure is not None:
        _refuse_cancel(core, command, failure, order)
    else:
        endings.cancel(core, order, CLIENT, cancel_id=command.cancel_id)


def cancel_all(core: Core, command: CancelAll) -> None:
    """Take back all open orders of an account, oldest first."""
    account = core.accounts.get(command.account)
    if account is None:
        message = f"there is no account {command.account}"
        core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, message, account=command.account)
        return
    if command.market and command.market not in core.markets:
        message = f"there is no market {command.market!r}"
        core.refuse(command, RejectCode.UNKNOWN_MARKET, message, account=command.account, market=command.market)
        return
    orders = [
        order
        for order in account.open_orders.values()
        if command.market in ("", order.market.symbol) and order.market.status is not HALTED
    ]
    orders.sort(key=lambda order: order.order_id)
    core.outputs.append(CancelledAll(account.account, command.market, len(orders), core.at))
    for order in orders:
        if order.is_open:
            endings.cancel(core, order, CancelReason.CANCEL_ALL, cancel_id=command.cancel_id)


def cancel_list(core: Core, command: CancelList) -> None:
    """Take back a list of orders."""
    account, market = core.accounts.get(command.account), core.markets.get(command.market)
    failure = _unknown(command, account, market)
    group = None
    if account is not None and failure is None:
        for known in account.lists.values():
            if known.market is market and (
                known.list_id == command.list_id if command.list_id else known.client_list_id == command.client_list_id
            ):
                group = known
    if failure is None:
        if group is None:
            failure = RejectCode.UNKNOWN_ORDER_LIST, "there is no such open list of orders"
        elif command.client_list_id and group.client_list_id != command.client_list_id:
            failure = RejectCode.ORDER_IDS_DISAGREE, f"list {group.list_id} has another client id; send one of the ids"
        elif group.market.status is HALTED:
            failure = RejectCode.MARKET_HALTED, f"{group.market.symbol} is halted; orders stay until it reopens"
        else:
            endings.cancel_list(core, group, cancel_id=command.cancel_id)
            return
    core.refuse(command, failure[0], failure[1], account=command.account, market=command.market)


def cancel_replace(core: Core, command: CancelReplace) -> None:
    """Cancel one order and place another."""
    place, cancel = command.place, command.cancel
    account, market = core.accounts.get(place.account), core.markets.get(place.market)
    failure = _unknown(place, account, market)
    if failure is None and (cancel.account, cancel.market) != (place.account, place.market):
        failure = RejectCode.MALFORMED, "both orders of a cancel-replace are of one account and market"
    if account is None or market is None or failure is not None:
        _refuse_replace(core, command, failure)
        return
    failure = malformed(place, at=core.at) or limits_failure(core, place, account, market)
    if failure is not None:
        _refuse_replace(core, command, failure)
        return
    outputs = core.outputs
    position = len(outputs)
    order, failure = find_cancellable(core, cancel)
    cancelled = placed = ReplaceResult.SUCCESS
    if order is None or failure is not None:
        cancelled = ReplaceResult.FAILURE
        _refuse_cancel(core, cancel, failure, order)
    else:
        endings.cancel(core, order, CancelReason.REPLACE, cancel_id=cancel.cancel_id)
    if cancelled is ReplaceResult.FAILURE and command.mode is ReplaceMode.STOP_ON_FAILURE:
        placed = ReplaceResult.NOT_ATTEMPTED
    else:
        failure = (
            duplicate(place, account) or closed_door(account, market, place) or submit(core, place, account, market)
        )
        if failure is not None:
            placed = ReplaceResult.FAILURE
            refuse_place(core, place, failure, account)
    outputs.insert(position, Replaced(account.account, market.symbol, cancelled, placed, core.at))


def find_open(
    account: Account, market: Market, command: CancelOrder | AmendOrder
) -> tuple[Order | None, Failure | None]:
    """The open order that a command names, by one id or by two that agree; with a failure when it must stay."""
    if command.order_id:
        order = account.open_orders.get(command.order_id)
    else:
        order = account.by_client_id.get(command.client_order_id)
    if order is None or not order.is_open or order.market is not market:
        return None, (RejectCode.UNKNOWN_ORDER, f"{account.name} has no such open order on {market.symbol}")
    if command.client_order_id and order.client_order_id != command.client_order_id:
        message = f"order {order.order_id} has another client id; send one of the ids only"
        return order, (RejectCode.ORDER_IDS_DISAGREE, message)
    if market.status is HALTED:
        return order, (RejectCode.MARKET_HALTED, f"{market.symbol} is halted; orders stay until it reopens")
    return order, None


def find_cancellable(core: Core, command: CancelOrder) -> tuple[Order | None, Failure | None]:
    """The order that a cancel names, with a failure when it must stay."""
    account, market = core.accounts.get(command.account), core.markets.get(command.market)
    if account is None or market is None:
        return None, _unknown(command, account, market)
    order, failure = find_open(account, market, command)
    if order is not None and failure is None and not _may_cancel(order, command.restriction):
        message = f"order {order.order_id} is {order.status}, the cancel asks for {command.restriction}"
        failure = RejectCode.CANCEL_RESTRICTED, message
    return order, failure


def _unknown(
    command: CancelOrder | CancelList | AmendOrder | PlaceOrder, account: Account | None, market: Market | None
) -> Failure | None:
    if account is None:
        return RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}"
    if market is None:
        return RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}"
    return None


def _may_cancel(order: Order, restriction: CancelRestriction) -> bool:
    if restriction is ONLY_NEW:
        return order.status is NEW
    if restriction is ONLY_PARTIALLY_FILLED:
        return order.status is PARTIALLY_FILLED
    return True


def _refuse_cancel(core: Core, command: CancelOrder, failure: Failure | None, order: Order | None) -> None:
    assert failure is not None, "a cancel that finds its order is carried out"
    core.refuse(
        command,
        failure[0],
        failure[1],
        account=command.account,
        market=command.market,
        client_order_id=command.client_order_id,
        order_id=command.order_id if order is None else order.order_id,
    )


def _refuse_replace(core: Core, command: CancelReplace, failure: Failure | None) -> None:
    assert failure is not None, "a command without a failure is carried out"
    place = command.place
    core.refuse(
        command,
        failure[0],
        failure[1],
        account=place.account,
        market=place.market,
        client_order_id=place.client_order_id,
    )
