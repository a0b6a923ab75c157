"""Which deposit pays for which order: one request funds exactly one order, the oldest that fits it."""

from __future__ import annotations

from indexmaker.solver.state import DepositLot, IndexOrder, LotState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState

__all__ = ["fund", "fund_account", "unbind"]


def fund(step: Step, order: IndexOrder) -> None:
    """Bind the oldest free, confirmed lot that is large enough; without one the order goes on waiting."""
    index = step.index_of(order)
    lots = [
        lot
        for lot in step.state.lots.values()
        if lot.state is LotState.CONFIRMED
        and not lot.order_id
        and (lot.account, lot.chain_id, lot.gate) == (order.account, index.chain_id, index.gate)
        and lot.amount >= order.amount
    ]
    if not lots:
        return
    lot = min(lots, key=_age)
    lot.order_id = order.order_id
    order.lot_key = lot.key
    order.deposit = lot.amount
    step.enter(order, OrderState.ROUTING)
    step.tell(order, ExecType.STATUS, text="collateral confirmed")


def fund_account(step: Step, account: str) -> None:
    """Try the waiting orders of an account, oldest first."""
    for order in step.orders_in(OrderState.PENDING_COLLATERAL):
        if order.account == account:
            fund(step, order)


def unbind(step: Step, order: IndexOrder) -> None:
    """Free the order's lot; another order of the account may take it."""
    lot = step.state.lots.get(order.lot_key)
    if lot is not None and lot.order_id == order.order_id:
        lot.order_id = ""
    order.lot_key = ""
    order.deposit = 0


def _age(lot: DepositLot) -> tuple[int, str]:
    return lot.sequence, lot.key
