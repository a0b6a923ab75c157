"""What is told about a batch."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.solver.batching.request import BatchPlan
from indexmaker.solver.commands import BatchReport, DemandReport, LegReport, PoolReport
from indexmaker.solver.state import Batch, Leg
from indexmaker.solver.step import Step

__all__ = ["absorbed_id", "closing_report", "cross_id", "opening_report"]


def cross_id(batch: Batch, asset: str) -> str:
    """The trade id under which the orders of a batch exchange an asset."""
    return f"x-{batch.batch_id}-{asset}"


def absorbed_id(batch: Batch, asset: str) -> str:
    """The trade id under which the sellers of a batch give an asset to the house."""
    return f"h-{batch.batch_id}-{asset}"


def opening_report(step: Step, batch: Batch, plan: BatchPlan) -> BatchReport:
    """A batch as planned."""
    planned = {pool.asset: pool for pool in plan.pools}
    return BatchReport(
        batch_id=batch.batch_id,
        closed=False,
        legs=tuple(_leg(leg) for leg in batch.legs),
        pools=tuple(
            PoolReport(
                asset=pool.asset,
                venue=pool.venue,
                symbol=pool.symbol,
                mid=pool.mid,
                cross_id=cross_id(batch, pool.asset),
                absorbed_id=absorbed_id(batch, pool.asset),
                needed=planned[pool.asset].needed,
                offered=planned[pool.asset].offered,
                from_inventory=sum(lot.quantity for lot in pool.held),
            )
            for pool in batch.pools
        ),
        orders=tuple((order_id, units) for order_id, units, _ in batch.orders),
        demands=tuple(_demand(step, demand_id, units) for demand_id, units, _ in batch.demands),
        waiting=tuple((order_id, text) for order_id, _, text in plan.waiting),
        unusable=plan.unusable,
        at=step.at,
    )


def closing_report(
    step: Step,
    batch: Batch,
    *,
    units: Mapping[str, int],
    pools: tuple[PoolReport, ...],
    demands: tuple[DemandReport, ...],
) -> BatchReport:
    """A batch as it came out."""
    return BatchReport(
        batch_id=batch.batch_id,
        closed=True,
        legs=tuple(_leg(leg) for leg in batch.legs),
        pools=pools,
        orders=tuple((order_id, units[order_id]) for order_id, _, _ in batch.orders),
        demands=demands,
        at=step.at,
    )


def _demand(step: Step, demand_id: str, units: int) -> DemandReport:
    demand = step.state.demands[demand_id]
    quantity = units if demand.quantity > 0 else -units
    return DemandReport(demand_id=demand_id, index=demand.index, asset=demand.asset, quantity=quantity)


def _leg(leg: Leg) -> LegReport:
    return LegReport(
        asset=leg.asset,
        venue=leg.venue,
        symbol=leg.symbol,
        side=leg.side,
        ordered=leg.quantity,
        limit_price=leg.limit_price,
        house=leg.house,
        executed=sum(fill.quantity for fill in leg.fills),
        cost=sum(fill.cost for fill in leg.fills),
        fee=sum(fill.fee for fill in leg.fills),
    )
