"""How orders end before they are filled, and what that does to the lists they belong to."""

from __future__ import annotations

from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Cancelled, Expired, ListChanged
from indexmaker.exchange.frequent_words import CANCELED
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import CancelReason, ExpiryReason, ListStatus, OrderStatus

__all__ = ["cancel", "cancel_list", "end_list", "expire", "filled", "list_changed", "taken"]


def expire(core: Core, order: Order, reason: ExpiryReason) -> None:
    """End an order on the exchange's own account; what depends on it ends with it."""
    _withdraw(core, order)
    order.status = OrderStatus.EXPIRED_IN_MATCH if reason is ExpiryReason.SELF_TRADE else OrderStatus.EXPIRED
    order.updated_at = core.at
    core.outputs.append(
        Expired(
            order.order_id,
            order.account.account,
            order.market.symbol,
            order.client_order_id,
            order.status,
            reason,
            order.remaining,
            order.quote,
            core.at,
            order.executed,
        )
    )
    core.ledger.release(order)
    core.remember_closed(order)
    group = order.group
    if group is not None:
        for other in group.orders:
            # A working order goes on without those that wait for it only if these fail later, when it has filled.
            if other.is_open and other is not group.working:
                expire(core, other, ExpiryReason.CONTINGENT)
        end_list(core, group)


def cancel(core: Core, order: Order, reason: CancelReason, *, cancel_id: str) -> None:
    """End an order as its owner asked, and with it all open orders of its list."""
    _cancel_one(core, order, reason, cancel_id=cancel_id)
    group = order.group
    if group is not None:
        for other in group.orders:
            if other.is_open:
                _cancel_one(core, other, reason, cancel_id=cancel_id)
        end_list(core, group)


def cancel_list(core: Core, group: OrderList, *, cancel_id: str) -> None:
    """End all open orders of a list as its owner asked; the list's end is told first."""
    group.status = ListStatus.ALL_DONE
    list_changed(core, group, cancel_id=cancel_id)
    for order in group.orders:
        if order.is_open:
            _cancel_one(core, order, CancelReason.CANCEL_LIST, cancel_id=cancel_id)
    core.remember_list(group)


def taken(core: Core, order: Order) -> None:
    """An order of a list trades or is triggered: its alternative ends and leaves it the money held for both."""
    group = order.group
    assert group is not None, f"order {order.order_id} is in no list"
    sibling = group.sibling(order)
    if sibling is None or not sibling.is_open:
        return
    order.held += sibling.held
    sibling.held = 0
    order.group = sibling.group = None
    expire(core, sibling, ExpiryReason.CONTINGENT)
    order.group = sibling.group = group
    core.ledger.lower_hold(order, max(order.held - order.cost, 0))


def filled(core: Core, order: Order) -> None:
    """An order of a list has filled: those that waited for it get their turn, or the list is done."""
    group = order.group
    assert group is not None, f"order {order.order_id} is in no list"
    if order is group.working:
        core.turns.append(order)
    else:
        end_list(core, group)


def list_changed(core: Core, group: OrderList, *, cancel_id: str = "") -> None:
    """Tell where a list stands."""
    group.updated_at = core.at
    core.outputs.append(
        ListChanged(
            group.list_id,
            group.account.account,
            group.market.symbol,
            group.client_list_id,
            group.kind,
            group.status,
            group.members,
            core.at,
            cancel_id,
        )
    )


def end_list(core: Core, group: OrderList) -> None:
    """Close a list of which no order is open any more."""
    if group.is_open and not any(order.is_open for order in group.orders):
        group.status = ListStatus.ALL_DONE
        list_changed(core, group)
        core.remember_list(group)


def _withdraw(core: Core, order: Order) -> None:
    market = order.market
    if order.level is not None:
        (market.book.bids if order.buy else market.book.asks).remove(order)
        core.dirty_markets.append(market)
    elif order.wait is not None and order.wait.indexed:
        market.stops.remove(order)


def _cancel_one(core: Core, order: Order, reason: CancelReason, *, cancel_id: str) -> None:
    _withdraw(core, order)
    order.status = CANCELED
    order.updated_at = core.at
    core.outputs.append(
        Cancelled(
            order.order_id,
            order.account.account,
            order.market.symbol,
            order.client_order_id,
            cancel_id,
            reason,
            order.remaining,
            order.quote,
            core.at,
            order.executed,
        )
    )
    core.ledger.release(order)
    core.remember_closed(order)
