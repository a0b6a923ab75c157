"""Whether a ready order waits for the next batch or is minted, or paid, with what it has."""

from __future__ import annotations

from indexmaker.money import ATOMS
from indexmaker.solver.handlers.payouts import make_payable
from indexmaker.solver.handlers.settlement import make_mintable
from indexmaker.solver.state import IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState, RejectReason, Side

__all__ = ["conclude", "end_trading"]


def conclude(step: Step, order: IndexOrder) -> None:
    """End the trading of a ready order that is filled enough, told to end, or cannot get further."""
    if order.state is not OrderState.READY:
        return
    config = step.state.config
    threshold = step.index_of(order).mint_threshold or config.mint_threshold
    done = order.spent if order.side is Side.BUY else order.units
    filled = order.units > 0 and done * ATOMS >= threshold * order.tradable
    starved = order.minimum_since > 0 and step.at - order.minimum_since >= config.aggregation_window_ns
    idle = order.units > 0 and (order.idle >= config.idle_batches or step.index_of(order).hurried)
    if starved and not order.units and order.ending is None:
        order.ending = OrderState.CANCELLED
        order.ending_reason = RejectReason.BELOW_VENUE_MINIMUM
    if order.ending is not None or filled or starved or idle:
        end_trading(step, order)


def end_trading(step: Step, order: IndexOrder) -> None:
    """Have a bought order minted, a sold one paid."""
    if order.side is Side.BUY:
        make_mintable(step, order)
    else:
        make_payable(step, order)
