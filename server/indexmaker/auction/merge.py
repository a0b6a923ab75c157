"""Merging orders that differ only within a price grid, and sharing their fills out again.

Limits are moved to the grid against the order (a buyer pays no more, a seller receives no less), so whatever
the merged order gets, each of its members may have. The grid of a vector is a share of its value at the
reference prices: the same premium lands on the same line in every index, so ties stay ties.
"""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.auction.model import Legs, Order, value_of
from indexmaker.money import split_pro_rata

__all__ = ["BASIS_POINTS", "Merger"]

BASIS_POINTS = 10_000


class Merger:
    """Buckets of orders by legs and grid line; quantities may change between solves, buckets do not.

    `lines` is the number of grid lines in the reference value of a vector: 10,000 for a grid of one basis point.
    """

    def __init__(
        self, legs: Sequence[Legs], limits: Sequence[int], *, references: Sequence[int], lines: int = BASIS_POINTS
    ) -> None:
        steps: dict[Legs, int] = {}
        buckets: dict[tuple[Legs, int], list[int]] = {}
        for number, (vector, limit) in enumerate(zip(legs, limits, strict=True)):
            step = steps.get(vector)
            if step is None:
                step = steps[vector] = max(1, abs(value_of(vector, references)) // lines)
            buckets.setdefault((vector, limit // step * step), []).append(number)
        self.keys = sorted(buckets)
        self.members = [buckets[key] for key in self.keys]
        self.count = len(legs)

    def orders(self, quantities: Sequence[int]) -> list[Order]:
        """One order for each bucket with its members' quantities, best bucket order independent of input order."""
        return [
            Order(legs, limit, sum([quantities[number] for number in members]))
            for (legs, limit), members in zip(self.keys, self.members, strict=True)
        ]

    def share_out(self, fills: Sequence[int], quantities: Sequence[int]) -> list[int]:
        """Fills of the members: pro rata, the largest remainders and then the earlier members take what rounding
        leaves.
        """
        shares = [0] * self.count
        for fill, members in zip(fills, self.members, strict=True):
            if not fill:
                continue
            wanted = [(number, quantities[number]) for number in members]
            if fill >= sum(quantity for _, quantity in wanted):
                for number, quantity in wanted:
                    shares[number] = quantity
                continue
            for number, share in split_pro_rata(fill, wanted).items():
                shares[number] = share
        return shares
