"""Whether indices need time to pass or a batch to be made, orders apart."""

from __future__ import annotations

from collections.abc import Iterator

from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.state import Index

__all__ = ["traded_assets", "trading_marks", "work_due"]


def work_due(engine: SolverEngine, *, now: int) -> bool:
    """True when weights come into force, a rebalance is under way, a fee is due or a quote holds capacity."""
    state = engine.state
    return (
        bool(state.holding_quotes)
        or any(plan.effective_at <= now for plan in state.weights_plans.values())
        or any(index.rebalance_id or _fee_due(engine, index, now) for index in state.indices.values())
    )


def trading_marks(engine: SolverEngine) -> Iterator[str]:
    """What the batches may do for indices: changes whenever a rebalance gets on; nothing when none is under way."""
    state = engine.state
    for index in state.indices.values():
        rebalance = state.rebalances.get(index.rebalance_id)
        if rebalance is not None:
            filled = [(demand_id, state.demands[demand_id].filled) for demand_id in rebalance.demands]
            yield f"{rebalance.rebalance_id}:{rebalance.state}:{filled}"


def traded_assets(engine: SolverEngine, index: Index) -> set[str]:
    """Assets whose books an index needs: those of its basket, and those that a rebalance brings or takes away."""
    assets = {asset for asset, _ in index.quantities}
    rebalance = engine.state.rebalances.get(index.rebalance_id)
    if rebalance is not None:
        assets |= {asset for asset, _ in rebalance.weights} | {one.asset for one in rebalance.assets}
    for plan in engine.state.weights_plans.values():
        if plan.index == index.symbol:
            assets |= {asset for asset, _ in plan.weights}
    return assets


def _fee_due(engine: SolverEngine, index: Index, now: int) -> bool:
    period = engine.state.config.fee_period_ns
    return index.annual_fee > 0 and index.supply > 0 and now - index.accrued_until >= period
