"""The point nearest to a reference within bounds and slabs: a small convex quadratic program in closed steps.

    minimise |y - r|^2   subject to   lower <= y <= upper,   least <= G y <= most

Active sets on the dual side: with the active slabs A and the coordinates that are not at a bound, the optimality
conditions are linear in the multipliers, `y = clip(r - G_A' m)` and `G_A y = b_A`; the sets are corrected by
the signs of the multipliers and by what is violated, until nothing changes (a semismooth Newton method, cf.
Hintermueller, Ito, Kunisch 2002). Where that goes in circles, plain ascent of the dual finds the sets first. The
solution is unique, so it depends neither on a solver nor on the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexmaker.auction.linear import Floats

__all__ = ["Region", "nearest_point"]

_ROUNDS = 100
_SWEEPS = 300
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
    equal = np.where(region.least == region.most, 1, 0).astype(np.int8)
    found = _settled(reference, region, equal, reference)
    return _settled(reference, region, *_guess(reference, region)) if found is None else found


def _settled(reference: Floats, region: Region, active: NDArray[np.int8], start: Floats) -> Floats | None:
    """Correct the active slabs until nothing changes; `start` is the point before it is clipped to the bounds."""
    fixed = region.least == region.most
    for _ in range(_ROUNDS):
        point, multipliers = _given(reference, region, active, start)
        if point is None:
            return None
        values = region.matrix @ point
        chosen = active.copy()
        chosen[(active > 0) & (multipliers < -_TOLERANCE)] = 0
        chosen[(active < 0) & (multipliers > _TOLERANCE)] = 0
        chosen[(active == 0) & (values > region.most + _TOLERANCE)] = 1
        chosen[(active == 0) & (values < region.least - _TOLERANCE)] = -1
        chosen[fixed] = 1
        if np.array_equal(chosen, active):
            return point if region.violation(point) <= 10 * _TOLERANCE else None
        active = chosen
    return None


def _guess(reference: Floats, region: Region) -> tuple[NDArray[np.int8], Floats]:
    """Active slabs and the point before clipping, by ascent of the dual, one multiplier after the other (Hildreth
    1957): slow, but it always comes near.
    """
    count = len(region.least)
    multipliers = np.zeros(count)
    places = [np.flatnonzero(row) for row in region.matrix]
    vectors = [row[inside] for row, inside in zip(region.matrix, places, strict=True)]
    norms = [float(vector @ vector) for vector in vectors]
    bounds = [(region.lower[inside], region.upper[inside]) for inside in places]
    shifted = reference.copy()
    for _ in range(_SWEEPS):
        largest = 0.0
        for row in range(count):
            inside, vector, (lower, upper) = places[row], vectors[row], bounds[row]
            value = float(vector @ np.minimum(np.maximum(shifted[inside], lower), upper))
            aim = multipliers[row] + (value - region.most[row]) / norms[row]
            if aim <= 0.0:
                aim = min(0.0, multipliers[row] + (value - region.least[row]) / norms[row])
            step = aim - multipliers[row]
            if step:
                shifted[inside] -= step * vector
                multipliers[row] = aim
                largest = max(largest, abs(step))
        if largest < _TOLERANCE:
            break
    active = np.sign(np.where(np.abs(multipliers) > 1e-9, multipliers, 0.0)).astype(np.int8)
    return active, shifted


def _given(reference: Floats, region: Region, active: NDArray[np.int8], start: Floats) -> tuple[Floats | None, Floats]:
    """Point and multipliers when exactly these slabs hold with equality."""
    rows = np.flatnonzero(active)
    multipliers = np.zeros(len(active))
    target = np.where(active > 0, region.most, region.least)[rows]
    matrix = region.matrix[rows]
    shifted = start
    free = (shifted > region.lower) & (shifted < region.upper)
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
