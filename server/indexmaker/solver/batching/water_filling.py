"""A strategy without optimisation: each side is filled max-min fair, reckoned at the deepest step of every
supply.

Sells count on the buyers' need besides bids and the house, buys on the sellers' assets besides asks and
inventory, so each side bounds the other: both are filled in turn, never with more than before, until they
agree. Where they do not within a few rounds, buyers are served without the sellers' assets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from indexmaker.money import ATOMS
from indexmaker.solver.batching.filling import Share, fill_fairly
from indexmaker.solver.batching.reach import Reach, breaches, full_reach, tradable, unit_price
from indexmaker.solver.batching.strategy import Allocation, AllocationProblem, Demand, asset_release
from indexmaker.solver.vocabulary import Side

__all__ = ["Filler", "WaterFilling", "allocate_by_sides"]

_ROUNDS = 8
_CLOSE = 10**6
"""Atoms of units: what is left over of sales so close to the buyers' need is dust."""

Filler = Callable[..., dict[str, int]]
"""Fills one side: (shares, *, room per asset, budget or None) -> units; `fill_fairly` is one."""


class WaterFilling:
    """Progressive filling of both sides; see the module."""

    name = "water-filling"

    def allocate(self, problem: AllocationProblem) -> Allocation:
        """Units per order; rounding leaves at most a few atoms of an asset unused."""
        return Allocation(units=allocate_by_sides(problem, fill_fairly))


def allocate_by_sides(problem: AllocationProblem, fill: Filler) -> dict[str, int]:
    """Fill sells and buys in turn with `fill` until they agree; see the module."""
    sides = _Sides(problem, fill)
    buys = sides.buys(dict.fromkeys(problem.supplies, _ENDLESS), None)
    sells = sides.sells(buys, None)
    for _ in range(_ROUNDS):
        buys = sides.buys(sides.offered(sells), buys)
        lower = sides.sells(buys, sells)
        if all(sells[order_id] - units <= _CLOSE for order_id, units in lower.items()):
            break
        sells = lower
    units = sides.whole(buys, sells)
    if not breaches(problem, units):
        return units
    buys = sides.buys({asset: supply.offered for asset, supply in problem.supplies.items()}, None)
    return sides.whole(buys, sides.sells(buys, None))


_ENDLESS = 10**60


class _Sides:
    """The problem split in two one-sided ones."""

    def __init__(self, problem: AllocationProblem, fill: Filler) -> None:
        self.problem = problem
        self.fill = fill
        reach = full_reach(problem)
        able = [d for d in problem.demands if _served(d, problem) and tradable(d, reach)]
        self.buyers = [d for d in able if d.side is Side.BUY]
        self.sellers = [d for d in able if d.side is Side.SELL]
        self.reach = reach

    def buys(self, room: Mapping[str, int], most: Mapping[str, int] | None) -> dict[str, int]:
        """Buyers' units from `room`, at most `most` each."""
        return self._filled(self.buyers, room, self.problem.budget, most)

    def sells(self, buys: Mapping[str, int], most: Mapping[str, int] | None) -> dict[str, int]:
        """Sellers' units that the bids, the house and these buys take."""
        room = {asset: supply.wanted - supply.dust for asset, supply in self.problem.supplies.items()}
        _add_releases(room, self.buyers, buys)
        return self._filled(self.sellers, room, None, most)

    def offered(self, sells: Mapping[str, int]) -> dict[str, int]:
        """What buyers can have when these units are sold."""
        room = {asset: supply.offered for asset, supply in self.problem.supplies.items()}
        _add_releases(room, self.sellers, sells)
        return room

    def whole(self, buys: Mapping[str, int], sells: Mapping[str, int]) -> dict[str, int]:
        """Units of every order of the problem."""
        return {d.order_id: buys.get(d.order_id, sells.get(d.order_id, 0)) for d in self.problem.demands}

    def _filled(
        self, demands: Sequence[Demand], room: Mapping[str, int], budget: int | None, most: Mapping[str, int] | None
    ) -> dict[str, int]:
        units = self.fill([_share(d, self.reach) for d in demands], room=room, budget=budget)
        if most is None:
            return units
        return {order_id: min(amount, most[order_id]) for order_id, amount in units.items()}


def _add_releases(room: dict[str, int], demands: Sequence[Demand], units: Mapping[str, int]) -> None:
    """What these orders give or leave of each asset, at least: basket by basket, an atom off for every order."""
    baskets: dict[tuple[tuple[str, int], ...], tuple[int, int]] = {}
    for demand in demands:
        total, count = baskets.get(demand.quantities, (0, 0))
        baskets[demand.quantities] = total + units[demand.order_id], count + 1
    for quantities, (total, count) in baskets.items():
        for asset, quantity in quantities:
            room[asset] += max(0, asset_release(quantity, units=total) - count)


def _share(demand: Demand, reach: Reach) -> Share:
    """A sell's cap in units becomes the same units' value."""
    price = max(1, unit_price(demand, reach))
    cap = max(0, demand.cap)
    if demand.side is Side.SELL:
        cap = cap * price // ATOMS
    quantities = tuple((asset, quantity) for asset, quantity in demand.quantities if quantity > 0)
    return Share(order_id=demand.order_id, price=price, quantities=quantities, cap=cap)


def _served(demand: Demand, problem: AllocationProblem) -> bool:
    return all(asset in problem.supplies for asset, _ in demand.quantities)
