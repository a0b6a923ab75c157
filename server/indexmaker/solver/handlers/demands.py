"""The door for what the house trades for an index: wishes are filed here and served by the batches."""

from __future__ import annotations

from indexmaker.solver.state import HouseDemand
from indexmaker.solver.step import Step

__all__ = ["demands_of", "file_demand", "withdraw_demand"]


def file_demand(step: Step, *, index: str, asset: str, quantity: int, limit: int = 0) -> HouseDemand:
    """Have the batches buy (`quantity` above zero) or sell (below zero) an asset for an index, as far as they can.

    A sale needs the assets in the index's backing, a purchase collateral in its `accounts.index_cash`; what is not
    there yet is waited for. The id follows from the event, the index and the asset: one demand for each per event.
    """
    demand = HouseDemand(
        demand_id=step.name("h", index, asset),
        index=index,
        asset=asset,
        quantity=quantity,
        limit=limit,
        sequence=step.sequence,
        opened_at=step.at,
        ended=quantity == 0,
    )
    return step.state.demands.setdefault(demand.demand_id, demand)


def withdraw_demand(step: Step, demand_id: str) -> bool:
    """Trade no more of it; False while a batch still does (then it ends with the batch), or when it is unknown."""
    demand = step.state.demands.get(demand_id)
    if demand is None:
        return False
    demand.ended = True
    return not demand.batch_id


def demands_of(step: Step, index: str) -> list[HouseDemand]:
    """All demands of an index, oldest first."""
    found = [demand for demand in step.state.demands.values() if demand.index == index]
    return sorted(found, key=lambda demand: (demand.sequence, demand.asset))
