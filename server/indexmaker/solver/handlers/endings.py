"""Ending an order before its time: where its money is decides how."""

from __future__ import annotations

from indexmaker.solver.handlers.funding import free_and_end
from indexmaker.solver.handlers.payouts import make_payable
from indexmaker.solver.handlers.redemptions import leave_commit
from indexmaker.solver.handlers.routing import leave_transfer
from indexmaker.solver.handlers.settlement import make_mintable
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = ["request_end"]


def request_end(step: Step, order: IndexOrder, ending: OrderState, *, reason: RejectReason) -> None:
    """Cancel or expire an order that is not being minted or paid yet.

    Before its collateral or tokens are committed it ends at once and they are free. A ready order is minted or paid
    as far as it is filled, the rest given back. On the way or in a batch the same happens when that is over.
    """
    if order.ending is not None:
        step.tell(order, ExecType.PENDING_CANCEL, reason=order.ending_reason)
        return
    order.ending = ending
    order.ending_reason = reason
    if order.state is OrderState.PENDING_COLLATERAL or leave_transfer(step, order) or leave_commit(step, order):
        what = "index tokens were" if order.side is Side.SELL else "collateral was"
        free_and_end(step, order, ending, reason=reason, text=f"the {what} not touched")
    elif order.state is OrderState.READY:
        step.tell(order, ExecType.PENDING_CANCEL, reason=reason)
        (make_payable if order.side is Side.SELL else make_mintable)(step, order)
    else:
        step.tell(order, ExecType.PENDING_CANCEL, reason=reason)
