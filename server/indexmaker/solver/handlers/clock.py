"""What only time brings: expiries, transfer groups, retries, and orders that stay too long where they are."""

from __future__ import annotations

from indexmaker.solver.events import Tick
from indexmaker.solver.handlers.asset_orders import retry_and_query
from indexmaker.solver.handlers.endings import request_end
from indexmaker.solver.handlers.fee_accrual import accrue_fees
from indexmaker.solver.handlers.payouts import form_payouts
from indexmaker.solver.handlers.progress import conclude
from indexmaker.solver.handlers.pruning import prune
from indexmaker.solver.handlers.quote_claims import expire_quotes
from indexmaker.solver.handlers.rebalancing import keep_rebalancing
from indexmaker.solver.handlers.redemption_settlement import retry_redemptions
from indexmaker.solver.handlers.redemptions import form_commits
from indexmaker.solver.handlers.routing import form_transfers
from indexmaker.solver.handlers.self_matching import match_funded
from indexmaker.solver.handlers.settlement import retry_settlements
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState, RejectReason

__all__ = ["on_tick"]

_MAY_EXPIRE = (
    OrderState.PENDING_COLLATERAL,
    OrderState.PENDING_TOKENS,
    OrderState.ROUTING,
    OrderState.READY,
    OrderState.ENGAGED,
)


def on_tick(step: Step, event: Tick) -> None:
    """Do what is due."""
    for order in step.orders_in(*_MAY_EXPIRE):
        if order.ending is None and order.expires_at <= step.at:
            request_end(step, order, OrderState.EXPIRED, reason=RejectReason.EXPIRED)
    match_funded(step)
    form_transfers(step)
    form_commits(step)
    retry_and_query(step)
    for order in step.orders_in(OrderState.READY):
        conclude(step, order)
    form_payouts(step)
    retry_settlements(step)
    retry_redemptions(step)
    expire_quotes(step)
    keep_rebalancing(step)
    accrue_fees(step)
    _tell_stuck(step)
    prune(step)


def _tell_stuck(step: Step) -> None:
    limits = dict(step.state.config.max_ages)
    for order in step.orders_in(*limits):
        age = step.at - order.state_since
        if age >= limits[order.state] and not order.stuck_told:
            order.stuck_told = True
            step.alert(
                "STUCK_ORDER",
                order.order_id,
                f"{order.state} for longer than allowed",
                order.order_id,
                age_ns=age,
            )
