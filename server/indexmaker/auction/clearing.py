"""One auction from orders to certified integer fills."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from indexmaker.auction.certify import Certificate, certify
from indexmaker.auction.errors import NotCertified
from indexmaker.auction.fills import canonical_ratios, stand
from indexmaker.auction.linear import Floats, LpBackend
from indexmaker.auction.model import Problem, Result, offered_value, price_tolerance
from indexmaker.auction.prices import canonical_prices
from indexmaker.auction.rounding import round_fills
from indexmaker.auction.scaling import ScaledProblem, scale

__all__ = ["Cleared", "clear", "gap_allowed", "no_trade"]


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """A result and its proof."""

    result: Result
    certificate: Certificate


def clear(problem: Problem, backend: LpBackend, *, equal: bool = True) -> Cleared:
    """Solve, choose the canonical prices and fills, make them integers, and certify them.

    Without `equal` the ratios at the margin are whatever the solver makes of them, which is quicker.

    The answer does not depend on the order in which the problem lists its orders, except that equal orders share
    the last units in that order.

    Raises:
        BadProblem: an order or a row makes no sense.
        SolverFailed: no optimum was found.
        NotCertified: the integers break a rule or are further from the bound than `gap_allowed`.
    """
    problem.check()
    places = sorted(range(len(problem.orders)), key=lambda n: _sort_key(problem, n))
    ranks = {place: rank for rank, place in enumerate(places)}
    rows = [
        msgspec.structs.replace(row, coefficients=tuple(sorted((ranks[n], c) for n, c in row.coefficients)))
        for row in problem.rows
    ]
    ordered = msgspec.structs.replace(problem, orders=[problem.orders[n] for n in places], rows=rows)
    cleared = _clear(ordered, backend, equal=equal)
    fills = [0] * len(places)
    for place, fill in zip(places, cleared.result.fills, strict=True):
        fills[place] = fill
    return msgspec.structs.replace(cleared, result=msgspec.structs.replace(cleared.result, fills=fills))


def gap_allowed(problem: Problem, prices: Sequence[int]) -> int:
    """The gap that rounding explains: a hundred-millionth of what is ordered, the lowered limits of orders of
    several legs, and the wastes at these prices.
    """
    lowered = sum(
        order.quantity * price_tolerance(order.legs, references=problem.references, price_scale=problem.price_scale)
        for order in problem.orders
        if len(order.legs) > 1
    )
    wasted = sum(abs(price) * problem.waste(atom) for atom, price in enumerate(prices))
    return offered_value(problem.orders, problem.references) * problem.price_scale // 10**8 + lowered + wasted


def no_trade(problem: Problem) -> Result:
    """What to fall back to: nothing is filled; prices are the references, and no claim is made for them."""
    prices = [reference * problem.price_scale for reference in problem.references]
    return Result(fills=[0] * len(problem.orders), prices=prices, row_prices=[0] * len(problem.rows))


def _sort_key(problem: Problem, number: int) -> tuple[object, ...]:
    order = problem.orders[number]
    return order.legs, -order.limit, order.quantity, order.external, number


def _clear(problem: Problem, backend: LpBackend, *, equal: bool) -> Cleared:
    if not problem.orders:
        return _certified(problem, no_trade(problem))
    scaled = scale(problem)
    solution = backend.solve(scaled.program)
    prices = canonical_prices(problem, scaled, solution)
    row_duals = np.maximum(solution.duals[scaled.atoms :], 0.0)
    standing = stand(problem, scaled, prices, row_duals)
    ratios = canonical_ratios(problem, scaled, standing, backend, solution, equal=equal)
    fills = round_fills(problem, standing, ratios)
    row_prices = _row_prices(problem, scaled, row_duals)
    return _certified(problem, Result(fills=fills, prices=prices, row_prices=row_prices))


def _row_prices(problem: Problem, scaled: ScaledProblem, duals: Floats) -> list[int]:
    """Back in price units per unit of the row's coefficients, rounded down."""
    return [math.floor(dual / unit * problem.price_scale) for dual, unit in zip(duals, scaled.row_scales, strict=True)]


def _certified(problem: Problem, result: Result) -> Cleared:
    certificate = certify(problem, result)
    allowed = gap_allowed(problem, result.prices)
    if certificate.gap > allowed:
        raise NotCertified(f"the gap {certificate.gap} is larger than rounding explains ({allowed})")
    return Cleared(result=result, certificate=certificate)
