"""Figures of a run: medians, percentiles, ratios and slopes."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence

import msgspec

__all__ = ["Figure", "median_rate", "percentile", "slope"]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number; `peer` is what it is compared with and `ratio` how many times it the figure is."""

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float = 0.0
    detail: str = ""


def median_rate(work: Callable[[], int], *, rounds: int = 3) -> float:
    """Median of items a second; `work` returns how many items it did."""
    rates = []
    for _ in range(rounds):
        begun = time.perf_counter()
        done = work()
        rates.append(done / (time.perf_counter() - begun))
    return statistics.median(rates)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[int, float]]) -> float:
    """Exponent of growth between sizes and costs, by least squares of their logarithms: 0 constant, 1 linear."""
    xs = [math.log(size) for size, _ in points]
    ys = [math.log(cost) for _, cost in points]
    mean_x, mean_y = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
