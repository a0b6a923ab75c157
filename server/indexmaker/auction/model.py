"""What an auction is about: sparse vector orders, optional linear rows, and the result. Integers only.

An *atom* is anything that is conserved (a contract, an asset, an index token), named by its number. An order
receives `weight` of each of its atoms per unit filled (negative: gives) and pays at most `limit` per unit
(negative: must receive). A step of an outside book is an order over one atom: an ask gives it, a bid takes it.

    maximise  sum(limit x)   subject to   sum(weight x) = 0 for every atom,  rows,  0 <= x <= quantity

The duals of the atoms are uniform prices: with `margin = limit - weights . price` an order is filled when it is
positive, not filled when negative, and free when zero. (Linear programming duality; for orders over bundles see
Wang, Pennock et al., "Designing a Combinatorial Financial Options Market", 2021.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from indexmaker.auction.errors import BadProblem

__all__ = ["Legs", "Order", "Problem", "Result", "Row", "price_tolerance", "value_of"]

Legs = tuple[tuple[int, int], ...]
"""(atom, weight) in rising order of atoms, no weight zero."""


class Order(msgspec.Struct, frozen=True, gc=False):
    """Something that can be filled in part, up to `quantity`."""

    legs: Legs
    limit: int
    quantity: int
    external: bool = False
    """A step of an outside book or a conversion: used as far as needed, no volume of its own."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """`sum(coefficient x fill) <= bound` over some orders, by position: a budget, a collateral rule."""

    coefficients: tuple[tuple[int, int], ...]
    bound: int


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Orders over atoms 0 .. len(references) - 1.

    `references` are where prices are wanted when the orders leave them free, in the unit of the limits; they also
    scale the arithmetic of the linear solver. Prices are integers in units of 1/`price_scale` of that.
    `wastes` are, per atom, how much more may be given than taken; none: nothing. They are there for rounding and
    must be negligible: the linear program does not see them.
    """

    orders: Sequence[Order]
    references: Sequence[int]
    rows: Sequence[Row] = ()
    price_scale: int = 1
    wastes: Sequence[int] = ()

    def waste(self, atom: int) -> int:
        """The most of this atom that may be given for nothing."""
        return self.wastes[atom] if self.wastes else 0

    def check(self) -> None:
        """Raise `BadProblem` for an order or row that makes no sense."""
        atoms = len(self.references)
        if self.price_scale < 1:
            raise BadProblem(f"price scale {self.price_scale} is not positive")
        for number, order in enumerate(self.orders):
            names = [atom for atom, _ in order.legs]
            if not names or names != sorted(set(names)) or names[0] < 0 or names[-1] >= atoms:
                raise BadProblem(f"order {number}: legs {order.legs} are not rising atoms below {atoms}")
            if order.quantity < 0 or not all(weight for _, weight in order.legs):
                raise BadProblem(f"order {number}: negative quantity or a weight of zero")
        if self.wastes and (len(self.wastes) != atoms or min(self.wastes) < 0):
            raise BadProblem("wastes must be an amount for every atom, none negative")
        for number, row in enumerate(self.rows):
            if row.bound < 0 or any(not 0 <= order < len(self.orders) for order, _ in row.coefficients):
                raise BadProblem(f"row {number}: a bound below zero forbids no trade, or an order does not exist")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Fills by position of the order, a price for every atom and a dual for every row."""

    fills: Sequence[int]
    prices: Sequence[int]
    row_prices: Sequence[int] = ()


def value_of(legs: Legs, prices: Sequence[int]) -> int:
    """What a unit of these legs costs at these prices."""
    return sum(weight * prices[atom] for atom, weight in legs)


def price_tolerance(legs: Legs, *, references: Sequence[int], price_scale: int = 1) -> int:
    """How far rounding may move the value of several legs, in price units: a billionth of their value, and a
    price unit each.

    An order of several legs is entered in the linear program with its limit lowered by this, so that rounded
    prices still respect the limit that was given. A single leg needs none: its price is set to its limit exactly.
    """
    return sum(
        abs(weight) * (abs(references[atom]) * price_scale // 10**9 + 1) for atom, weight in legs if len(legs) > 1
    )


def offered_value(orders: Iterable[Order], references: Sequence[int]) -> int:
    """Value at the references of everything that is ordered, outside books left out."""
    return sum(
        order.quantity * sum(abs(weight) * max(1, abs(references[atom])) for atom, weight in order.legs)
        for order in orders
        if not order.external
    )
