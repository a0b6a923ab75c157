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
    """The value of each order. Every order using an asset keeps one atom of it back for its rounding up.

    Orders with the same price and basket rise as one group, so a round costs groups x assets, not orders x assets.
    """
    groups: dict[tuple[int, tuple[tuple[str, int], ...]], list[Demand]] = {}
    for demand in problem.demands:
        groups.setdefault((demand.price, demand.quantities), []).append(demand)
    rates = {key: {asset: Fraction(quantity, key[0]) for asset, quantity in key[1]} for key in groups}
    room = {asset: Fraction(supply) for asset, supply in problem.supplies.items()}
    for key, demands in groups.items():
        for asset in rates[key]:
            room[asset] = room.get(asset, Fraction(0)) - len(demands)
    budget = problem.budget
    done: dict[str, int] = {}
    while groups:
        slopes: dict[str, Fraction] = {}
        for key, demands in groups.items():
            for asset, rate in rates[key].items():
                slopes[asset] = slopes.get(asset, Fraction(0)) + rate * len(demands)
        limits = {asset: max(0, int(room[asset] // slope)) for asset, slope in slopes.items()}
        by_budget = max(0, budget // sum(map(len, groups.values())))
        by_cap = min(max(0, demand.cap) for demands in groups.values() for demand in demands)
        level = min(by_budget, by_cap, *limits.values())
        for key in list(groups):
            stopped = level == by_budget or any(limits[asset] == level for asset in rates[key])
            full = [demand for demand in groups[key] if stopped or max(0, demand.cap) <= level]
            if not full:
                continue
            done.update((demand.order_id, level) for demand in full)
            budget -= level * len(full)
            for asset, rate in rates[key].items():
                room[asset] -= rate * level * len(full)
            groups[key] = [demand for demand in groups[key] if demand.order_id not in done]
            if not groups[key]:
                del groups[key]
    return done
