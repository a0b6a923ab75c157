"""Lowering the quantity of an open order, which keeps its place in the queue."""

from __future__ import annotations

from indexmaker.exchange.cancelling import find_open
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import Amended
from indexmaker.exchange.filters import Failure, broken_filter
from indexmaker.exchange.order_commands import AmendOrder
from indexmaker.exchange.orders import Order
from indexmaker.exchange.rejects import RejectCode

__all__ = ["amend_order"]


def amend_order(core: Core, command: AmendOrder) -> None:
    """Lower the quantity of an order."""
    account, market = core.accounts.get(command.account), core.markets.get(command.market)
    order: Order | None = None
    failure: Failure | None
    if account is None:
        failure = RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}"
    elif market is None:
        failure = RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}"
    else:
        order, failure = find_open(account, market, command)
    if order is not None and failure is None:
        failure = _failure(core, order, command)
    if order is not None and failure is None:
        _amend(core, order, command)
        return
    assert failure is not None, "an amendment without a failure is carried out"
    core.refuse(
        command,
        failure[0],
        failure[1],
        account=command.account,
        market=command.market,
        client_order_id=command.client_order_id,
        order_id=command.order_id if order is None else order.order_id,
    )


def _failure(core: Core, order: Order, command: AmendOrder) -> Failure | None:
    used = order.quantity - order.remaining
    if not used < command.quantity < order.quantity:
        return RejectCode.AMEND_RESTRICTED, (
            f"order {order.order_id} is of {order.quantity} lots with {used} of them gone; "
            "an amendment must name fewer than the first and more than the second"
        )
    if order.group is not None and order is not order.group.working:
        return RejectCode.AMEND_RESTRICTED, (
            f"order {order.order_id} has alternatives or waits for another order; cancel its list instead"
        )
    renamed = command.new_client_order_id
    if renamed:
        if len(renamed) > 36:
            return RejectCode.MALFORMED, "new_client_order_id must have 1 to 36 characters"
        known = order.account.by_client_id.get(renamed)
        if known is not None and known is not order and known.is_open:
            return RejectCode.DUPLICATE_CLIENT_ORDER_ID, f"order {known.order_id} is open under {renamed!r}"
    most = order.market.filters.max_amends
    if most and order.amends >= most:
        return RejectCode.MAX_NUM_ORDER_AMENDS, f"order {order.order_id} was amended {order.amends} times already"
    if order.display > command.quantity:
        return RejectCode.ICEBERG_EXCEEDS_QUANTITY, "an iceberg cannot show more than the quantity of the order"
    return broken_filter(order.request, market=order.market, price=order.price, quantity=command.quantity, at=core.at)


def _amend(core: Core, order: Order, command: AmendOrder) -> None:
    less = order.quantity - command.quantity
    old_quantity, old_name = order.quantity, order.client_order_id
    order.quantity = command.quantity
    if order.level is None:
        order.remaining -= less
    else:
        market = order.market
        (market.book.bids if order.buy else market.book.asks).shrink(order, less)
        core.dirty_markets.append(market)
    order.amends += 1
    order.updated_at = core.at
    if command.new_client_order_id and command.new_client_order_id != old_name:
        core.rename(order, command.new_client_order_id)
    core.outputs.append(
        Amended(
            order.order_id,
            order.account.account,
            order.market.symbol,
            order.client_order_id,
            old_name,
            order.quantity,
            old_quantity,
            order.remaining,
            order.executed,
            order.amends,
            core.at,
        )
    )
    core.ledger.lower_hold(order, order.held - order.cost)
