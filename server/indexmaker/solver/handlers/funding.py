"""Which request pays for which order: one request funds exactly one order, the oldest that fits it.

A buy is funded by a deposit of collateral, a sell by an escrow of index tokens.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.solver.handlers.lots import lots_at_gates
from indexmaker.solver.state import IndexOrder, LotState, RequestLot
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = ["free_and_end", "fund", "fund_account", "retry_or_reject", "unbind"]


def fund(step: Step, order: IndexOrder) -> None:
    """Bind the oldest free, confirmed lot that is large enough; without one the order goes on waiting."""
    index = step.index_of(order)
    mine = _lots(step, order)
    lots = [
        lot
        for key in lots_at_gates(step, order.account)
        if (lot := mine.get(key)) is not None
        and lot.state is LotState.CONFIRMED
        and not lot.order_id
        and (lot.account, lot.chain_id, lot.gate) == (order.account, index.chain_id, index.gate)
        and lot.amount >= order.amount
    ]
    if not lots or order.lot_key:
        return
    lot = min(lots, key=_age)
    lot.order_id = order.order_id
    order.lot_key = lot.key
    order.deposit = lot.amount
    if order.side is Side.SELL:
        step.tell(order, ExecType.STATUS, text="index tokens confirmed")
        return
    step.enter(order, OrderState.ROUTING)
    step.tell(order, ExecType.STATUS, text="collateral confirmed")


def fund_account(step: Step, account: str) -> None:
    """Try the waiting orders of an account, oldest first."""
    for order in step.orders_in(OrderState.PENDING_COLLATERAL, OrderState.PENDING_TOKENS):
        if order.account == account:
            fund(step, order)


def unbind(step: Step, order: IndexOrder) -> None:
    """Free the order's lot; another order of the account may take it."""
    lot = _lots(step, order).get(order.lot_key)
    if lot is not None and lot.order_id == order.order_id:
        lot.order_id = ""
    order.lot_key = ""
    order.deposit = 0


def free_and_end(step: Step, order: IndexOrder, end: OrderState, *, reason: RejectReason, text: str) -> None:
    """End an order for which nothing was moved; its lot is free for the account's other orders."""
    unbind(step, order)
    step.enter(order, end)
    step.tell(order, ExecType(end), reason=reason, text=text)
    fund_account(step, order.account)


def retry_or_reject(step: Step, order: IndexOrder, text: str, *, retryable: bool) -> None:
    """Have an order for which nothing was moved try again later, as often as configured; reject it then."""
    order.attempts += 1
    if retryable and order.attempts < step.state.config.routing_attempts:
        order.retry_at = step.at + step.state.config.retry_delay_ns
    else:
        free_and_end(step, order, OrderState.REJECTED, reason=RejectReason.ROUTE_REFUSED, text=text)


def _lots(step: Step, order: IndexOrder) -> Mapping[str, RequestLot]:
    return step.state.token_lots if order.side is Side.SELL else step.state.lots


def _age(lot: RequestLot) -> tuple[int, str]:
    return lot.sequence, lot.key
