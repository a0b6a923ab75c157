"""What is told about a rebalance: holdings before and after, trades, and what they cost."""

from __future__ import annotations

from indexmaker.money import mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import RebalanceReport, RebalanceTrade
from indexmaker.solver.rebalance import Cost, Traded, cost_of
from indexmaker.solver.state import HouseDemand, Index, Rebalance, SolverState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Side

__all__ = ["cost_of_rebalance", "report_rebalance", "traded"]


def report_rebalance(step: Step, index: Index, rebalance: Rebalance, *, text: str) -> None:
    """Tell a rebalance as it stands."""
    cost = cost_of_rebalance(step.state, rebalance)
    owner = accounts.backing(index.symbol, index.venue, "").owner
    after: dict[str, int] = {}
    for account, balance in step.ledger:
        if account.owner == owner and account.bucket == "backing":
            after[account.asset] = after.get(account.asset, 0) + balance
    step.report(
        RebalanceReport(
            rebalance_id=rebalance.rebalance_id,
            index=index.symbol,
            state=rebalance.state,
            weights_version=rebalance.weights_version,
            basket_version=rebalance.basket_version,
            supply=index.supply,
            before=tuple((one.asset, one.before) for one in rebalance.assets if one.before),
            after=tuple(sorted(after.items())),
            trades=traded(step.state, rebalance),
            fees=cost.fees,
            slippage=cost.slippage,
            cost_per_unit=cost.per_unit,
            cash=step.ledger.balance(accounts.index_cash(index.symbol, index.venue, index.collateral)),
            delayed=tuple((one.asset, one.delayed) for one in rebalance.assets if one.delayed),
            text=text,
            at=step.at,
        )
    )


def traded(state: SolverState, rebalance: Rebalance) -> tuple[RebalanceTrade, ...]:
    """What the demands of a rebalance came to, by asset and side; those of several rounds together."""
    mids = {one.asset: one.mid for one in rebalance.assets}
    found: dict[tuple[str, Side], RebalanceTrade] = {}
    for demand in _demands(state, rebalance):
        side = Side.BUY if demand.quantity > 0 else Side.SELL
        known = found.get((demand.asset, side))
        quantity = abs(demand.filled) + (known.quantity if known else 0)
        found[demand.asset, side] = RebalanceTrade(
            asset=demand.asset,
            side=side,
            wanted=max(abs(demand.quantity), known.wanted if known else 0),
            quantity=quantity,
            value=demand.value + (known.value if known else 0),
            fee=demand.fees + (known.fee if known else 0),
            mid_value=mul_floor(quantity, mids.get(demand.asset, 0)),
        )
    return tuple(found[key] for key in sorted(found))


def cost_of_rebalance(state: SolverState, rebalance: Rebalance) -> Cost:
    """What the trades of a rebalance have cost the holders so far."""
    mids = {one.asset: one.mid for one in rebalance.assets}
    trades = [
        Traded(
            asset=demand.asset,
            side=Side.BUY if demand.quantity > 0 else Side.SELL,
            quantity=abs(demand.filled),
            value=demand.value,
            fee=demand.fees,
            mid=mids.get(demand.asset, 0),
        )
        for demand in _demands(state, rebalance)
        if demand.filled
    ]
    return cost_of(trades, supply=rebalance.supply)


def _demands(state: SolverState, rebalance: Rebalance) -> list[HouseDemand]:
    return [state.demands[demand_id] for demand_id in rebalance.demands]
