"""The simple strategy: every order is cut in proportion to its demand. Offered for comparison.

One pass for each side and easily explained, but a share that an order cannot use (another asset stops it) is given
to nobody, and big orders get most of what is scarce. Sides bound each other as in water-filling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from indexmaker.money import ATOMS
from indexmaker.solver.batching.filling import Share
from indexmaker.solver.batching.strategy import Allocation, AllocationProblem
from indexmaker.solver.batching.water_filling import allocate_by_sides

__all__ = ["Proportional", "fill_in_proportion"]


class Proportional:
    """Scale by the scarcest asset of each order, then all by the budget; see the module."""

    name = "proportional"

    def allocate(self, problem: AllocationProblem) -> Allocation:
        """Units per order, rounded down."""
        return Allocation(units=allocate_by_sides(problem, fill_in_proportion))


def fill_in_proportion(
    shares: Sequence[Share], *, room: Mapping[str, int], budget: int | None = None
) -> dict[str, int]:
    """Units of every share, within caps, room per asset and budget (None: no budget)."""
    groups: dict[tuple[int, tuple[tuple[str, int], ...]], list[Share]] = {}
    for share in shares:
        groups.setdefault((share.price, share.quantities), []).append(share)
    wanted = {key: sum(max(0, share.cap) for share in members) for key, members in groups.items()}
    demand_of: dict[str, Fraction] = {}
    users: dict[str, int] = {}
    for (price, quantities), members in groups.items():
        for asset, quantity in quantities:
            users[asset] = users.get(asset, 0) + len(members)
            use = Fraction(wanted[price, quantities] * quantity, price)
            demand_of[asset] = demand_of.get(asset, Fraction(0)) + use
    part: dict[str, Fraction] = {}
    for asset, total in demand_of.items():
        usable = max(0, room.get(asset, 0) - users[asset])
        part[asset] = min(Fraction(1), usable / total) if total else Fraction(1)
    ratios = {key: min((part[asset] for asset, _ in key[1]), default=Fraction(1)) for key in groups}
    value = sum((ratio * wanted[key] for key, ratio in ratios.items()), Fraction(0))
    scale = min(Fraction(1), max(0, budget) / value) if value and budget is not None else Fraction(1)
    units: dict[str, int] = {}
    for key, members in groups.items():
        ratio = ratios[key] * scale * ATOMS / key[0]
        for share in members:
            units[share.order_id] = max(0, share.cap) * ratio.numerator // ratio.denominator
    return units
