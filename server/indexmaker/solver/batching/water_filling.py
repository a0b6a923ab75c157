"""The default strategy: max-min fair progressive filling, in exact integers.

All orders rise together in value. One stops at its cap, or when an asset that it needs (or the budget) is
used up; the others go on. Nothing that an order could still use stays unused, and an order gets less than
another only where it cannot have more without taking from one that has no more than itself.
"""

from __future__ import annotations

from fractions import Fraction

from indexmaker.money import ATOMS
from indexmaker.solver.batching.strategy import AllocationProblem, Demand

__all__ = ["WaterFilling"]


class WaterFilling:
    """Progressive filling; see the module."""

    name = "water-filling"

    def allocate(self, problem: AllocationProblem) -> dict[str, int]:
        """Units per order; rounding leaves at most a few atoms of an asset unused."""
        levels = _levels(problem)
        return {d.order_id: levels[d.order_id] * ATOMS // d.price for d in problem.demands}


def _levels(problem: AllocationProblem) -> dict[str, int]:
    """The value of each order. Every order using an asset keeps one atom of it back for its rounding up."""
    room = {asset: Fraction(supply) for asset, supply in problem.supplies.items()}
    users: dict[str, list[Demand]] = {}
    for demand in problem.demands:
        for asset, _ in demand.quantities:
            users.setdefault(asset, []).append(demand)
    for asset, demands in users.items():
        room[asset] = room.get(asset, Fraction(0)) - len(demands)
    rate = {d.order_id: {a: Fraction(q, d.price) for a, q in d.quantities} for d in problem.demands}
    budget = problem.budget
    done: dict[str, int] = {}
    active = list(problem.demands)
    while active:
        slopes: dict[str, Fraction] = {}
        for demand in active:
            for asset, share in rate[demand.order_id].items():
                slopes[asset] = slopes.get(asset, Fraction(0)) + share
        limits = {asset: max(0, int(room[asset] // slope)) for asset, slope in slopes.items()}
        by_budget = max(0, budget // len(active))
        by_cap = min(max(0, demand.cap) for demand in active)
        level = min(by_budget, by_cap, *limits.values())
        spent_out = {asset for asset, limit in limits.items() if limit == level}
        rest: list[Demand] = []
        for demand in active:
            exhausted = any(asset in spent_out for asset, _ in demand.quantities)
            if level < by_budget and max(0, demand.cap) > level and not exhausted:
                rest.append(demand)
                continue
            done[demand.order_id] = level
            budget -= level
            for asset, share in rate[demand.order_id].items():
                room[asset] -= share * level
        active = rest
    return done
