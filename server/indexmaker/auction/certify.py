"""The proof that a result is as good as it says, recomputed in exact integers without any solver.

For any prices p and row duals m >= 0, and any fills, weak duality bounds welfare by
`D = sum(quantity max(0, r)) + sum(bound m)` with `r = limit - weights . p - coefficients . m`, and

    D - W = sum(max(0, r) (quantity - x)) + sum(max(0, -r) x) + sum(m (bound - coefficients . x))

term by term not negative. So `gap` is the most that any other fills could add, whoever found these. What an atom
may waste counts as an order that takes it for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from indexmaker.auction.errors import NotCertified
from indexmaker.auction.model import Legs, Problem, Result, value_of

__all__ = ["Certificate", "certify"]


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Exact integers in the auction's own money unit (limit x quantity x price scale)."""

    welfare: int
    bound: int
    """What the prices prove that no fills can exceed."""

    @property
    def gap(self) -> int:
        """The most welfare that any other fills could add; never negative."""
        return self.bound - self.welfare


def certify(problem: Problem, result: Result) -> Certificate:
    """Check every rule of the auction and recompute welfare and bound.

    Raises:
        NotCertified: fills out of bounds, an atom or a row out of balance, a negative row dual, or an order
            filled outside its limit.
    """
    if len(result.fills) != len(problem.orders) or len(result.prices) != len(problem.references):
        raise NotCertified("the result does not belong to the problem")
    if len(result.row_prices) != len(problem.rows) or any(price < 0 for price in result.row_prices):
        raise NotCertified("a row dual is missing or negative")
    charges = _row_charges(problem, result)
    values: dict[Legs, int] = {}
    totals: dict[Legs, int] = {}
    welfare = regret = 0
    for number, (order, fill) in enumerate(zip(problem.orders, result.fills, strict=True)):
        if not 0 <= fill <= order.quantity:
            raise NotCertified(f"order {number}: fill {fill} is not within 0 and {order.quantity}")
        legs = order.legs
        value = values.get(legs)
        if value is None:
            value = values[legs] = value_of(legs, result.prices)
        limit = order.limit * problem.price_scale
        if fill:
            if value > limit:
                raise NotCertified(f"order {number}: filled at {value}, beyond its limit {limit}")
            totals[legs] = totals.get(legs, 0) + fill
            welfare += limit * fill
        reduced = limit - value - charges.get(number, 0)
        regret += reduced * (order.quantity - fill) if reduced > 0 else -reduced * fill
    regret += _waste_regret(problem, result, totals) + _row_slack(problem, result)
    return Certificate(welfare=welfare, bound=welfare + regret)


def _row_charges(problem: Problem, result: Result) -> dict[int, int]:
    charges: dict[int, int] = {}
    for row, price in zip(problem.rows, result.row_prices, strict=True):
        if price:
            for number, coefficient in row.coefficients:
                charges[number] = charges.get(number, 0) + coefficient * price
    return charges


def _waste_regret(problem: Problem, result: Result, totals: dict[Legs, int]) -> int:
    """Check that what is given is taken, but for the waste; and what that costs at the prices."""
    balance: dict[int, int] = {}
    for legs, fill in totals.items():
        for atom, weight in legs:
            balance[atom] = balance.get(atom, 0) + weight * fill
    regret = 0
    for atom, price in enumerate(result.prices):
        most, wasted = problem.waste(atom), -balance.get(atom, 0)
        if not 0 <= wasted <= most:
            raise NotCertified(f"atom {atom}: {wasted} more given than taken, not between 0 and {most}")
        regret += price * wasted if price > 0 else -price * (most - wasted)
    return regret


def _row_slack(problem: Problem, result: Result) -> int:
    regret = 0
    for number, (row, price) in enumerate(zip(problem.rows, result.row_prices, strict=True)):
        slack = row.bound - _used(row.coefficients, result.fills)
        if slack < 0:
            raise NotCertified(f"row {number}: exceeded by {-slack}")
        regret += price * slack
    return regret


def _used(coefficients: Sequence[tuple[int, int]], fills: Sequence[int]) -> int:
    return sum(coefficient * fills[order] for order, coefficient in coefficients)
