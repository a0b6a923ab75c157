"""The way of sale proceeds from the venue to the keeper's wallet.

What the end of trading hands over: an order's `units` are sold, `lots` are what was sold for them, `proceeds` and
`sale_fees` are the sums of the lots' values and fees, and `accounts.proceeds` of its account at the index's venue
holds exactly `proceeds - sale_fees`.
"""

from __future__ import annotations

from indexmaker.solver.state import IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState

__all__ = ["make_payable"]


def make_payable(step: Step, order: IndexOrder) -> None:
    """End the trading of a sell order: what was sold is paid, the other tokens are returned."""
    step.enter(order, OrderState.PAYABLE)
    filled = order.units and order.ending is None
    exec_type = ExecType.FILL if filled else ExecType.STATUS
    step.tell(order, exec_type, reason=order.ending_reason, text="trading is over; the proceeds are to be paid")
