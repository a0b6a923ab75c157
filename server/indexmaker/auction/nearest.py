"""The point nearest to a reference within bounds and slabs: a small convex quadratic program in closed steps.

    minimise |y - r|^2   subject to   lower <= y <= upper,   least <= G y <= most

Active sets on the dual side: with the active slabs A and the coordinates that are not at a bound, the optimality
conditions are linear in the multipliers, `y = clip(r - G_A' m)` and `G_A y = b_A`; the sets are corrected by
the signs of the multipliers and by what is violated, until nothing changes (a semismooth Newton method, cf.
Hintermueller, Ito, Kunisch 2002). The solution is unique, so it depends neither on a solver nor on the order
of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexmaker.auction.linear import Floats

__all__ = ["Region", "nearest_point"]

_ROUNDS = 100
_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Region:
    """Bounds of the coordinates, and slabs."""

    lower: Floats
    upper: Floats
    matrix: Floats
    least: Floats
    most: Floats

    def violation(self, point: Floats) -> float:
        """How far the point lies outside, at most."""
        values = self.matrix @ point
        distances = (self.lower - point, point - self.upper, self.least - values, values - self.most)
        return max((float(d.max(initial=0.0)) for d in distances), default=0.0)


def nearest_point(reference: Floats, region: Region) -> Floats | None:
    """The nearest point of the region; None when the active sets do not settle or the region is empty."""
    active = np.where(region.least == region.most, 1, 0).astype(np.int8)
    fixed = active.copy()
    for _ in range(_ROUNDS):
        point, multipliers = _given(reference, region, active)
        if point is None:
            return None
        values = region.matrix @ point
        chosen = active.copy()
        chosen[(active > 0) & (multipliers < -_TOLERANCE)] = 0
        chosen[(active < 0) & (multipliers > _TOLERANCE)] = 0
        chosen[(active == 0) & (values > region.most + _TOLERANCE)] = 1
        chosen[(active == 0) & (values < region.least - _TOLERANCE)] = -1
        chosen[fixed != 0] = 1
        if np.array_equal(chosen, active):
            return point if region.violation(point) <= 10 * _TOLERANCE else None
        active = chosen
    return None


def _given(reference: Floats, region: Region, active: NDArray[np.int8]) -> tuple[Floats | None, Floats]:
    """Point and multipliers when exactly these slabs hold with equality."""
    rows = np.flatnonzero(active)
    multipliers = np.zeros(len(active))
    target = np.where(active > 0, region.most, region.least)[rows]
    matrix = region.matrix[rows]
    free = np.ones(len(reference), dtype=bool)
    shifted = reference
    for _ in range(_ROUNDS):
        held = np.clip(shifted, region.lower, region.upper)
        held[free] = 0.0
        inner = matrix[:, free]
        right = inner @ reference[free] + matrix @ held - target
        solved = np.linalg.lstsq(inner @ inner.T, right, rcond=1e-13)[0] if len(rows) else right
        shifted = reference - matrix.T @ solved
        now_free = (shifted > region.lower) & (shifted < region.upper)
        if np.array_equal(now_free, free):
            multipliers[rows] = solved
            return np.clip(shifted, region.lower, region.upper), multipliers
        free = now_free
    return None, multipliers
