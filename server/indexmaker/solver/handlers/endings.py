"""Ending an order before its time: where its money is decides how."""

from __future__ import annotations

from indexmaker.solver.handlers.funding import fund_account
from indexmaker.solver.handlers.routing import leave_transfer
from indexmaker.solver.handlers.settlement import make_mintable
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason

__all__ = ["request_end"]


def request_end(step: Step, order: IndexOrder, ending: OrderState, *, reason: RejectReason) -> None:
    """Cancel or expire an order that is not being minted yet.

    Before its collateral is committed it ends at once and the collateral is free. A ready order is minted as
    far as it is filled, the rest refunded. On the way or in a batch the same happens when that is over.
    """
    if order.ending is not None:
        step.tell(order, ExecType.PENDING_CANCEL, reason=order.ending_reason)
        return
    order.ending = ending
    order.ending_reason = reason
    if order.state is OrderState.PENDING_COLLATERAL or leave_transfer(step, order):
        step.enter(order, ending)
        step.tell(order, ExecType(ending), reason=reason, text="the collateral was not touched")
        fund_account(step, order.account)
    elif order.state is OrderState.READY:
        step.tell(order, ExecType.PENDING_CANCEL, reason=reason)
        make_mintable(step, order)
    else:
        step.tell(order, ExecType.PENDING_CANCEL, reason=reason)
