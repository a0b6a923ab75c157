"""The proof that a result of an auction is as good as it says: three exact integers."""

from __future__ import annotations

import msgspec

__all__ = ["Certificate"]


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Welfare of the fills, the bound that the prices prove for any fills, and their difference.

    All three are integers in the auction's own money unit (limit x quantity x price scale), recomputed without
    any solver. By weak duality `gap` is never negative, and no other fills are better by more than it.
    """

    welfare: int
    bound: int

    @property
    def gap(self) -> int:
        """The most welfare that any other fills could add."""
        return self.bound - self.welfare
