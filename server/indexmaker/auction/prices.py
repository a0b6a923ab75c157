"""The canonical prices: of all optimal ones, those nearest to the references.

By complementary slackness with one optimal solution, the optimal prices are exactly those at which what is
filled is not out of the money, what is not full is not in the money, and what is partly filled is at its limit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexmaker.auction.linear import Floats, LpSolution
from indexmaker.auction.model import Legs, Problem
from indexmaker.auction.nearest import Region, nearest_point
from indexmaker.auction.scaling import ScaledProblem

__all__ = ["canonical_prices"]

_AT_BOUND = 1e-10
_ROUNDING = 1e-14
_SNAP = 1e-10
_DIGITS = 10**12
_LARGEST_MATRIX = 4_000_000
"""Entries; beyond it the solver's own prices stand (certified as well, only not canonical)."""


def canonical_prices(problem: Problem, scaled: ScaledProblem, solution: LpSolution) -> list[int]:
    """A price for every atom, in price units: rounded to twelve digits, then set to the limit of a single-leg
    order where that is what they were up to rounding.
    """
    reference = np.array([float(r) for r in problem.references]) / scaled.prices
    region = _optimal_region(problem, scaled, solution)
    found = nearest_point(reference, region) if region is not None else None
    duals = solution.duals[: scaled.atoms] if found is None else found
    exact = [
        _on_grid(float(dual) * float(unit) * problem.price_scale, abs(reference) * problem.price_scale)
        for dual, unit, reference in zip(duals, scaled.prices, problem.references, strict=True)
    ]
    return _snapped(problem, exact)


def _on_grid(price: float, reference: int) -> int:
    step = max(1, reference // _DIGITS)
    return round(round(price) / step) * step if step > 1 else round(price)


def _snapped(problem: Problem, prices: Sequence[int]) -> list[int]:
    """To the nearest limit of a single-leg order within a rounding error, so that its margin is exactly zero."""
    nearest: dict[int, tuple[int, int]] = {}
    for order in problem.orders:
        if len(order.legs) > 1:
            continue
        atom, weight = order.legs[0]
        limit = order.limit * problem.price_scale * (1 if weight > 0 else -1)
        if abs(weight) != 1:
            limit, rest = divmod(limit, abs(weight))
            if rest:
                continue
        distance = abs(limit - prices[atom])
        near = max(1, int(_SNAP * abs(prices[atom])))
        if distance <= near and (atom not in nearest or (distance, limit) < nearest[atom]):
            nearest[atom] = (distance, limit)
    return [nearest[atom][1] if atom in nearest else price for atom, price in enumerate(prices)]


def _optimal_region(problem: Problem, scaled: ScaledProblem, solution: LpSolution) -> Region | None:
    """All optimal prices, in multiples of the references; None when there are too many vectors for a matrix."""
    program = scaled.program
    without_atoms = solution.duals.copy()
    without_atoms[: scaled.atoms] = 0.0
    costs = program.priced(without_atoms)
    near = _AT_BOUND + _ROUNDING * program.upper
    empty, full = solution.x <= near, solution.x >= program.upper - near
    least = np.where(full, -np.inf, costs)
    most = np.where(empty, np.inf, costs)
    lower, upper = np.full(scaled.atoms, -np.inf), np.full(scaled.atoms, np.inf)
    atoms = program.rows[program.starts[:-1]] if program.columns else program.rows
    single = np.array([len(order.legs) == 1 for order in problem.orders], dtype=bool)
    buys = single & (program.values[program.starts[:-1]] > 0)
    sells = single & ~buys
    np.maximum.at(lower, atoms[buys], least[buys])
    np.minimum.at(upper, atoms[buys], most[buys])
    np.maximum.at(lower, atoms[sells], -most[sells])
    np.minimum.at(upper, atoms[sells], -least[sells])
    crossed = lower > upper
    lower[crossed] = upper[crossed] = solution.duals[: scaled.atoms][crossed]
    slabs = _slabs(problem, scaled, np.flatnonzero(~single), least, most)
    if slabs is None:
        return None
    matrix, least, most = slabs
    return Region(lower=lower, upper=upper, matrix=matrix, least=least, most=most)


def _slabs(
    problem: Problem, scaled: ScaledProblem, columns: NDArray[np.int64], least: Floats, most: Floats
) -> tuple[Floats, Floats, Floats] | None:
    """One slab for each vector of several legs, whichever way round it is ordered."""
    program = scaled.program
    bounds: dict[Legs, tuple[float, float]] = {}
    first: dict[Legs, int] = {}
    for column in columns.tolist():
        legs = problem.orders[column].legs
        low, high = float(least[column]), float(most[column])
        if legs[0][1] < 0:
            legs = tuple((atom, -weight) for atom, weight in legs)
            low, high = -high, -low
        known = bounds.get(legs, (-np.inf, np.inf))
        bounds[legs] = (max(known[0], low), min(known[1], high))
        first.setdefault(legs, column)
    if len(bounds) * scaled.atoms > _LARGEST_MATRIX:
        return None
    matrix = np.zeros((len(bounds), scaled.atoms))
    for row, column in enumerate(first.values()):
        inside = slice(program.starts[column], program.starts[column] + len(problem.orders[column].legs))
        sign = 1.0 if problem.orders[column].legs[0][1] > 0 else -1.0
        matrix[row, program.rows[inside]] = sign * program.values[inside]
    pairs = np.array(list(bounds.values())).reshape(-1, 2)
    floors, ceilings = pairs[:, 0], pairs[:, 1]
    crossed = floors > ceilings
    floors[crossed] = ceilings[crossed] = (floors[crossed] + ceilings[crossed]) / 2
    return matrix, floors, ceilings
