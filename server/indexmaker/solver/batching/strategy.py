"""The interface of a batch strategy: how much of each order to serve when not all can be served. Pure
functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from indexmaker.money import mul_ceil
from indexmaker.solver.vocabulary import Value

__all__ = ["AllocationProblem", "BatchStrategy", "Demand", "asset_use"]


class Demand(Value, frozen=True, kw_only=True):
    """One index order: what a unit of its index costs and contains, and the most it may spend. All in atoms."""

    order_id: str
    price: int
    quantities: tuple[tuple[str, int], ...]
    cap: int


class AllocationProblem(Value, frozen=True, kw_only=True):
    """Orders in the order of their arrival, the quantity that can be had of each asset, and the batch's
    budget.

    An asset without a supply cannot be had at all.
    """

    demands: tuple[Demand, ...]
    supplies: Mapping[str, int]
    budget: int


class BatchStrategy(Protocol):
    """A pure function with a name. The result must keep every cap, supply and the budget."""

    name: str

    def allocate(self, problem: AllocationProblem) -> dict[str, int]:
        """Index units for every order (0 for none), in atoms."""
        ...


def asset_use(quantity: int, *, units: int) -> int:
    """What `units` of an index need of an asset with `quantity` per unit, rounded up."""
    return mul_ceil(quantity, units)
