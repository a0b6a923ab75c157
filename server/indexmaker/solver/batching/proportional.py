"""The simple strategy: every order is cut in proportion to its demand. Offered for comparison.

One pass and easily explained, but a share that an order cannot use (another asset stops it) is given to
nobody, and big orders get most of what is scarce.
"""

from __future__ import annotations

from fractions import Fraction

from indexmaker.money import ATOMS
from indexmaker.solver.batching.strategy import AllocationProblem

__all__ = ["Proportional"]


class Proportional:
    """Scale by the scarcest asset of each order, then all by the budget; see the module."""

    name = "proportional"

    def allocate(self, problem: AllocationProblem) -> dict[str, int]:
        """Units per order, rounded down."""
        wanted = {d.order_id: Fraction(max(0, d.cap) * ATOMS, d.price) for d in problem.demands}
        demand_of: dict[str, Fraction] = {}
        users: dict[str, int] = {}
        for demand in problem.demands:
            for asset, quantity in demand.quantities:
                users[asset] = users.get(asset, 0) + 1
                use = wanted[demand.order_id] * quantity / ATOMS
                demand_of[asset] = demand_of.get(asset, Fraction(0)) + use
        share: dict[str, Fraction] = {}
        for asset, total in demand_of.items():
            usable = max(0, problem.supplies.get(asset, 0) - users[asset])
            share[asset] = min(Fraction(1), usable / total) if total else Fraction(1)
        units = {
            d.order_id: wanted[d.order_id] * min((share[a] for a, _ in d.quantities), default=Fraction(1))
            for d in problem.demands
        }
        value = sum((units[d.order_id] * d.price / ATOMS for d in problem.demands), Fraction(0))
        scale = min(Fraction(1), max(0, problem.budget) / value) if value else Fraction(1)
        return {order_id: int(amount * scale) for order_id, amount in units.items()}
