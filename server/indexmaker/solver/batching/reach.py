"""How deep an allocation reaches into the supply of each asset, what orders cost there, and whether all its
rules hold. Pure, exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver.batching.strategy import (
    AllocationProblem,
    AssetSupply,
    Demand,
    asset_release,
    asset_use,
)
from indexmaker.solver.vocabulary import Side, Value

__all__ = [
    "Reach",
    "breaches",
    "buy_price",
    "full_reach",
    "reach_at",
    "reach_of",
    "sell_price",
    "tradable",
    "unit_price",
]


class Reach(Value, frozen=True, kw_only=True):
    """Per asset the dearest price that a buyer may meet and the cheapest that a seller may meet."""

    dearest: Mapping[str, int]
    cheapest: Mapping[str, int]


def buy_price(quantities: Iterable[tuple[str, int]], dearest: Mapping[str, int]) -> int:
    """The most a unit costs, every asset rounded up; at least one atom."""
    return max(1, sum(mul_ceil(quantity, dearest[asset]) for asset, quantity in quantities))


def sell_price(quantities: Iterable[tuple[str, int]], cheapest: Mapping[str, int]) -> int:
    """The least a unit brings, every asset rounded down."""
    return sum(mul_floor(quantity, cheapest[asset]) for asset, quantity in quantities)


def unit_price(demand: Demand, reach: Reach) -> int:
    """What a unit of the order costs at most, or brings at least."""
    if demand.side is Side.BUY:
        return buy_price(demand.quantities, reach.dearest)
    return sell_price(demand.quantities, reach.cheapest)


def tradable(demand: Demand, reach: Reach) -> bool:
    """Whether the order's limit allows that price."""
    if not demand.limit:
        return True
    price = unit_price(demand, reach)
    return price <= demand.limit if demand.side is Side.BUY else price >= demand.limit


def full_reach(problem: AllocationProblem) -> Reach:
    """Down to the last step of every supply."""
    return Reach(
        dearest={asset: _dearest(supply, supply.offered) for asset, supply in problem.supplies.items()},
        cheapest={asset: _cheapest(supply, supply.wanted) for asset, supply in problem.supplies.items()},
    )


def reach_of(problem: AllocationProblem, units: Mapping[str, int]) -> Reach:
    """As deep as these units need, the cheapest sources and the best bids first."""
    return reach_at(problem.supplies, *net_flows(problem.demands, units))


def reach_at(supplies: Mapping[str, AssetSupply], missing: Mapping[str, int], left_over: Mapping[str, int]) -> Reach:
    """As deep as it takes to buy what is missing and to place what is left over of each asset."""
    return Reach(
        dearest={asset: _dearest(supply, missing.get(asset, 0)) for asset, supply in supplies.items()},
        cheapest={asset: _cheapest(supply, left_over.get(asset, 0)) for asset, supply in supplies.items()},
    )


def net_flows(demands: Iterable[Demand], units: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """What buyers lack after the sellers' assets, and what sellers have left after the buyers' need, per asset.

    Each is rounded to its own disadvantage, so that both may be a few atoms positive where the sides match.
    """
    missing: dict[str, int] = {}
    left_over: dict[str, int] = {}
    for demand in demands:
        amount = units.get(demand.order_id, 0)
        if not amount:
            continue
        sign = 1 if demand.side is Side.BUY else -1
        for asset, quantity in demand.quantities:
            more, less = asset_use(quantity, units=amount), asset_release(quantity, units=amount)
            if sign < 0:
                more, less = less, more
            missing[asset] = missing.get(asset, 0) + sign * more
            left_over[asset] = left_over.get(asset, 0) - sign * less
    return missing, left_over


def breaches(problem: AllocationProblem, units: Mapping[str, int]) -> list[str]:
    """Every rule of a strategy's result that these units break, said in words; empty when all hold."""
    found = [f"{d.order_id}: no supply of {a}" for d in problem.demands for a, _ in d.quantities
             if units.get(d.order_id, 0) and a not in problem.supplies]  # fmt: skip
    if found:
        return found
    reach = reach_of(problem, units)
    spent = 0
    for demand in problem.demands:
        amount = units.get(demand.order_id, 0)
        if not amount:
            continue
        if amount < 0:
            found.append(f"{demand.order_id}: negative")
        if not tradable(demand, reach):
            found.append(f"{demand.order_id}: beyond its limit")
        value = amount if demand.side is Side.SELL else -(-amount * unit_price(demand, reach) // ATOMS)
        if value > demand.cap:
            found.append(f"{demand.order_id}: over its cap")
        spent += value if demand.side is Side.BUY else 0
    if spent > max(0, problem.budget):
        found.append("over the budget")
    missing, left_over = net_flows(problem.demands, units)
    found += [f"{a}: more needed than offered" for a, n in missing.items() if n > problem.supplies[a].offered]
    found += [f"{a}: more given than wanted" for a, n in left_over.items() if n > problem.supplies[a].wanted]
    return found


def _dearest(supply: AssetSupply, needed: int) -> int:
    sources = [(supply.house_price, supply.inventory), *supply.asks]
    return _last_price(supply.mid, sorted(sources), needed, higher=True)


def _cheapest(supply: AssetSupply, given: int) -> int:
    takers = [(supply.house_price, supply.absorb), *supply.bids]
    return _last_price(supply.mid, sorted(takers, reverse=True), given - supply.dust, higher=False)


def _last_price(mid: int, steps: list[tuple[int, int]], quantity: int, *, higher: bool) -> int:
    """Price of the step at which `quantity` is reached, no better than `mid`."""
    price = mid
    for step, offered in steps:
        if quantity <= 0:
            break
        if offered > 0:
            price = max(price, step) if higher else min(price, step)
            quantity -= offered
    return price
