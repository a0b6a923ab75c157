"""The annual management fee: taken at the end of each period by lowering the quantities per unit.

Exact and in the holders' favour: the rate of a period is rounded down, the quantities that stay are rounded up, and
what the house gets is rounded down. The freed assets move from the index's backing to the house's fees, so that every
unit stays fully backed.
"""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import FeeAccrualReport
from indexmaker.solver.handlers.rebalancing import started_orders
from indexmaker.solver.state import Index
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Side

__all__ = ["YEAR_NS", "accrue_fees", "period_rate", "reduced"]

YEAR_NS = 365 * 24 * 3600 * 1_000_000_000
"""A year of the annual fee, always 365 days."""


def period_rate(annual_fee: int, period_ns: int) -> int:
    """The fee of one period as a rate, rounded down."""
    return annual_fee * period_ns // YEAR_NS


def reduced(quantity: int, *, rate: int, periods: int) -> int:
    """What is left of a quantity per unit after some periods, rounded up in each."""
    for _ in range(periods):
        quantity = mul_ceil(quantity, ATOMS - rate)
    return quantity


def accrue_fees(step: Step) -> None:
    """Take the fees of all whole periods that are over.

    A sale that has begun by the quantities of now is finished first, and a rebalance too; until then no other sale
    begins. Purchases under way bring what the quantities of now want, which is more: that stays with the holders.
    """
    period = step.state.config.fee_period_ns
    for _, index in sorted(step.state.indices.items()):
        periods = (step.at - index.accrued_until) // period
        if periods <= 0:
            continue
        rate = period_rate(index.annual_fee, period)
        if rate and index.supply > 0:
            index.fee_due = True
            if index.rebalance_id or started_orders(step, index, side=Side.SELL):
                continue
            _take(step, index, rate=rate, periods=periods)
        index.fee_due = False
        index.accrued_until += periods * period


def _take(step: Step, index: Index, *, rate: int, periods: int) -> None:
    after = tuple((asset, reduced(quantity, rate=rate, periods=periods)) for asset, quantity in index.quantities)
    freed = tuple(
        (asset, mul_floor(index.supply, before - left))
        for (asset, before), (_, left) in zip(index.quantities, after, strict=True)
    )
    index.quantities = after
    index.version += 1
    for asset, quantity in freed:
        _free(step, index, asset, quantity)
    step.report(
        FeeAccrualReport(
            index=index.symbol,
            basket_version=index.version,
            periods=periods,
            supply=index.supply,
            freed=freed,
            at=step.at,
        )
    )


def _free(step: Step, index: Index, asset: str, quantity: int) -> None:
    """Take assets out of the backing, on the index's own venue first."""
    backing = {
        account: balance
        for account, balance in step.ledger
        if account == accounts.backing(index.symbol, account.place.removeprefix(accounts.venue_place("")), asset)
    }
    home = accounts.venue_place(index.venue)
    for account, balance in sorted(backing.items(), key=lambda held: (held[0].place != home, held[0].place)):
        taken = min(quantity, max(0, balance))
        quantity -= taken
        fees = accounts.house_fees(account.place.removeprefix(accounts.venue_place("")), asset)
        step.post(Movement.between(account, fees, amount=taken))
