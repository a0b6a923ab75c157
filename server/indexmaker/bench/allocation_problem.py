"""A synthetic allocation: index orders of both sides over shared assets with books of many levels. Seeded."""

from __future__ import annotations

import random

from indexmaker.money import ATOMS
from indexmaker.solver.batching import AllocationProblem, AssetSupply, Demand
from indexmaker.solver.vocabulary import Side

__all__ = ["allocation_problem"]

_BASIS_POINT = ATOMS // 10_000
_FEE = 10 * _BASIS_POINT
_MEAN_VALUE = 500
_SELLS = 0.4
_WITHOUT_LIMIT = 0.3


def allocation_problem(
    orders: int, *, indices: int = 50, assets: int = 500, levels: int = 20, seed: int = 1
) -> AllocationProblem:
    """Baskets of 10 to 100 assets; four of ten orders sell; three of ten have no limit, the others one within some
    tens of basis points of the mid price. The books together could take the orders' value once, unevenly: some
    assets are scarce.
    """
    chance = random.Random(seed)  # noqa: S311 - a workload, not a secret
    supplies = _supplies(chance, assets, levels, depth=orders * _MEAN_VALUE / assets / levels)
    names = sorted(supplies)
    baskets = [_basket(chance, names, supplies) for _ in range(indices)]
    mids = [sum(quantity * supplies[asset].mid for asset, quantity in basket) // ATOMS for basket in baskets]
    demands = []
    for number in range(orders):
        chosen = chance.randrange(indices)
        side = Side.SELL if chance.random() < _SELLS else Side.BUY
        value = _atoms(chance.lognormvariate(0, 1) * _MEAN_VALUE / 1.65)
        demands.append(
            Demand(
                order_id=f"o{number:06}",
                side=side,
                limit=_limit(chance, mids[chosen], side),
                quantities=baskets[chosen],
                cap=value if side is Side.BUY else value * ATOMS // mids[chosen],
            )
        )
    return AllocationProblem(demands=tuple(demands), supplies=supplies, budget=10**12 * ATOMS)


def _supplies(chance: random.Random, assets: int, levels: int, *, depth: float) -> dict[str, AssetSupply]:
    supplies = {}
    for number in range(assets):
        mid = _atoms(10 ** chance.uniform(-2, 4))
        scale = depth * chance.lognormvariate(0, 1)
        steps: dict[int, tuple[tuple[int, int], ...]] = {}
        for sign in (1, -1):
            price, found = mid + sign * mid * chance.randint(1, 5) * _BASIS_POINT // ATOMS, []
            for _ in range(levels):
                quantity = _atoms(scale * chance.uniform(0.2, 1.8)) * ATOMS // mid
                found.append((price + sign * price * _FEE // ATOMS, quantity))
                price += sign * mid * chance.randint(1, 8) * _BASIS_POINT // ATOMS
            steps[sign] = tuple(found)
        supplies[f"A{number:03}"] = AssetSupply(mid=mid, asks=steps[1], bids=steps[-1])
    return supplies


def _basket(chance: random.Random, names: list[str], supplies: dict[str, AssetSupply]) -> tuple[tuple[str, int], ...]:
    chosen = sorted(chance.sample(names, min(len(names), chance.randint(10, 100))))
    weights = [chance.uniform(0.2, 1.8) for _ in chosen]
    scale = 100 / sum(weights)
    return tuple(
        (asset, _atoms(weight * scale) * ATOMS // supplies[asset].mid)
        for asset, weight in zip(chosen, weights, strict=True)
    )


def _limit(chance: random.Random, mid: int, side: Side) -> int:
    if chance.random() < _WITHOUT_LIMIT:
        return 0
    distance = chance.randint(-20, 100) * _BASIS_POINT
    return mid * (ATOMS + distance) // ATOMS if side is Side.BUY else mid * (ATOMS - distance) // ATOMS


def _atoms(amount: float) -> int:
    return int(amount * 10**9) * 10**9
